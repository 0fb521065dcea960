//! The folder: what waits in it, fetching a mail, and saying in the folder that it is done.

use async_imap::{error::Error as ImapError, types::Fetch};
use futures::TryStreamExt as _;

use super::{
    MailboxFault, Options,
    connection::{Imap, cut, step},
};

/// A mail up to this size is fetched whole; a signature is over all of it.
const WHOLE: u32 = 4 * 1024 * 1024;
/// Of a larger one only the beginning: its headers and the first text.
const BEGINNING: u32 = 256 * 1024;

/// A folder that was opened, and what its server can do.
pub(super) struct Folder {
    place: String,
    done_folder: Option<String>,
    /// The validity of its numbers.
    pub(super) validity: u32,
    next: Option<u32>,
    /// Whether the server tells of new mail.
    pub(super) can_idle: bool,
    can_move: bool,
}

impl Folder {
    pub(super) async fn open(imap: &mut Imap, options: &Options) -> Result<Self, MailboxFault> {
        let place = options.place();
        let abilities = step(&place, "asking what it can do", imap.capabilities()).await?;
        if let Some(done) = &options.done_folder {
            Self::make(imap, &place, done).await?;
        }
        let folder = options.folder.clone();
        let no_folder = |why: String| MailboxFault::Folder {
            place: place.clone(),
            folder: folder.clone(),
            why,
        };
        let select = async {
            Ok(match imap.select(&options.folder).await {
                Ok(found) => Ok(found),
                Err(ImapError::No(why) | ImapError::Bad(why)) => Err(why),
                Err(other) => return Err(other),
            })
        };
        let found = step(&place, "opening the folder", select)
            .await?
            .map_err(&no_folder)?;
        let validity = found
            .uid_validity
            .ok_or_else(|| no_folder("its mails have no lasting numbers".to_owned()))?;
        Ok(Self {
            can_idle: abilities.has_str("IDLE"),
            can_move: abilities.has_str("MOVE"),
            done_folder: options.done_folder.clone(),
            next: found.uid_next,
            validity,
            place,
        })
    }

    /// Makes the folder for what is done, unless it is there.
    async fn make(imap: &mut Imap, place: &str, done: &str) -> Result<(), MailboxFault> {
        let create = async {
            match imap.create(done).await {
                Ok(()) => Ok(None),
                // That it is there already is a refusal too.
                Err(ImapError::No(why)) => Ok(Some(why)),
                Err(other) => Err(other),
            }
        };
        let Some(why) = step(place, "making a folder", create).await? else {
            return Ok(());
        };
        let is_there = async {
            match imap.status(done, "(UIDNEXT)").await {
                Ok(_) => Ok(true),
                Err(ImapError::No(_)) => Ok(false),
                Err(other) => Err(other),
            }
        };
        if step(place, "looking at a folder", is_there).await? {
            return Ok(());
        }
        Err(MailboxFault::Folder {
            place: place.to_owned(),
            folder: done.to_owned(),
            why,
        })
    }

    /// The mails that wait, in their order, and the number up to which all is known afterwards.
    ///
    /// After the last one that was read; or, the first time, those that nobody has read.
    pub(super) async fn waiting(
        &self,
        imap: &mut Imap,
        last: Option<u32>,
    ) -> Result<(Vec<u32>, u32), MailboxFault> {
        let what = "looking for mail";
        let (query, read_to) = match (last, self.next) {
            (Some(last), _) => (format!("UID {}:*", last.saturating_add(1)), last),
            (None, Some(next)) => ("UNSEEN".to_owned(), next.saturating_sub(1)),
            (None, None) => {
                let all = step(&self.place, what, imap.uid_search("ALL")).await?;
                ("UNSEEN".to_owned(), all.into_iter().max().unwrap_or(0))
            }
        };
        let found = step(&self.place, what, imap.uid_search(query)).await?;
        // `N:*` finds the last mail, though its number is below N.
        let mut found: Vec<u32> = found
            .into_iter()
            .filter(|uid| last.is_none_or(|last| *uid > last))
            .collect();
        found.sort_unstable();
        Ok((found, read_to))
    }

    /// A mail, or the beginning of a large one; none when it is no longer there.
    pub(super) async fn fetch(
        &self,
        imap: &mut Imap,
        uid: u32,
    ) -> Result<Option<Vec<u8>>, MailboxFault> {
        let sizes = self.ask(imap, uid, "(UID RFC822.SIZE)").await?;
        let mine = |fetched: &&Fetch| fetched.uid == Some(uid);
        let Some(size) = sizes.iter().find(mine).and_then(|fetched| fetched.size) else {
            return Ok(None);
        };
        let part = if size <= WHOLE {
            "(UID BODY.PEEK[])".to_owned()
        } else {
            tracing::info!(uid, size, "only the beginning of a large mail is read");
            format!("(UID BODY.PEEK[]<0.{BEGINNING}>)")
        };
        let mails = self.ask(imap, uid, &part).await?;
        let mail = mails.iter().find(mine);
        Ok(mail.and_then(|mail| mail.body().map(<[u8]>::to_vec)))
    }

    async fn ask(&self, imap: &mut Imap, uid: u32, part: &str) -> Result<Vec<Fetch>, MailboxFault> {
        let fetch = async {
            let answer = match imap.uid_fetch(uid.to_string(), part).await {
                Ok(answer) => answer.try_collect::<Vec<_>>().await,
                Err(error) => Err(error),
            };
            match answer {
                // A mail that the server itself cannot give must not stop those behind it.
                Err(ImapError::No(why)) => {
                    tracing::warn!(uid, why, "the mail server does not give a mail");
                    Ok(Vec::new())
                }
                other => other,
            }
        };
        step(&self.place, "fetching a mail", fetch).await
    }

    /// Says in the folder what came of a mail: one for people is flagged and stays, all else is
    /// marked as read and goes where what is done goes. A folder that takes no marks is told of and
    /// does not matter: how far we came is kept in Redis.
    pub(super) async fn settle(
        &self,
        imap: &mut Imap,
        uid: u32,
        is_for_people: bool,
    ) -> Result<(), MailboxFault> {
        let mark = if is_for_people {
            "+FLAGS.SILENT (\\Flagged)"
        } else {
            "+FLAGS.SILENT (\\Seen)"
        };
        self.store(imap, uid, mark).await?;
        let Some(done) = self.done_folder.as_ref().filter(|_| !is_for_people) else {
            return Ok(());
        };
        let moving = "moving a mail";
        if self.can_move {
            let moved = async { willing(imap.uid_mv(uid.to_string(), done).await) };
            let moved = step(&self.place, moving, moved).await?;
            self.note(uid, moved);
            return Ok(());
        }
        let copied = async { willing(imap.uid_copy(uid.to_string(), done).await) };
        let copied = step(&self.place, moving, copied).await?;
        if copied.is_none() {
            // It goes with the next expunging of whoever looks after the mailbox.
            self.store(imap, uid, "+FLAGS.SILENT (\\Deleted)").await?;
        }
        self.note(uid, copied);
        Ok(())
    }

    async fn store(&self, imap: &mut Imap, uid: u32, flags: &str) -> Result<(), MailboxFault> {
        let mark = async {
            let answer = match imap.uid_store(uid.to_string(), flags).await {
                Ok(answer) => answer.try_collect::<Vec<_>>().await.map(drop),
                Err(error) => Err(error),
            };
            willing(answer)
        };
        let refusal = step(&self.place, "marking a mail", mark).await?;
        self.note(uid, refusal);
        Ok(())
    }

    fn note(&self, uid: u32, refusal: Option<String>) {
        if let Some(why) = refusal {
            tracing::warn!(
                uid,
                place = self.place,
                why,
                "a mail could not be marked as done"
            );
        }
    }
}

/// A refusal as words, so that only a broken connection ends the visit.
fn willing(answer: Result<(), ImapError>) -> Result<Option<String>, ImapError> {
    match answer {
        Ok(()) => Ok(None),
        Err(error @ (ImapError::No(_) | ImapError::Bad(_))) => Ok(Some(cut(&error))),
        Err(other) => Err(other),
    }
}
