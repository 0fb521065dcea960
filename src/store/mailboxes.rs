//! How far mailboxes were read. A mark is written after what it speaks of is durable, so at worst a
//! mail is read twice, which does nothing twice.

use super::{Store, StoreError};

/// The last mail of a mailbox that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailboxMark {
    /// The validity of the mailbox's numbers: with another, all of them mean other mails.
    pub validity: u32,
    /// The number (UID) of the last mail.
    pub last: u32,
}

impl Store {
    /// How far the mailbox was read; none when it never was.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn mailbox_mark(&self, mailbox: &str) -> Result<Option<MailboxMark>, StoreError> {
        let text: Option<String> = redis::cmd("HGET")
            .arg(self.keys().mailboxes())
            .arg(mailbox)
            .query_async(&mut self.connection())
            .await?;
        Ok(text.and_then(|text| {
            let (validity, last) = text.split_once(' ')?;
            Some(MailboxMark {
                validity: validity.parse().ok()?,
                last: last.parse().ok()?,
            })
        }))
    }

    /// Notes how far the mailbox was read.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn save_mailbox_mark(
        &self,
        mailbox: &str,
        mark: MailboxMark,
    ) -> Result<(), StoreError> {
        let () = redis::cmd("HSET")
            .arg(self.keys().mailboxes())
            .arg(mailbox)
            .arg(format!("{} {}", mark.validity, mark.last))
            .query_async(&mut self.connection())
            .await?;
        Ok(())
    }
}
