//! News on the responder's side: told by the way that carried the page, several in one message.

use std::{collections::HashMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{Engine, receive::Order};
use crate::{
    domain::{
        conversation::Conversation,
        directory::ContactMethod,
        escalation::{Effect, NewsOrder},
        id::{PageId, ResponderId},
        message::{Content, NewsItem, ReplyNote},
        notify::Way,
        page::{Input, Line, NewPage, Page},
        policy::{DeliveryRule, Reach},
    },
    store::{Loaded, Shard, StoreError, Unit, Versioned},
};

/// What there is to tell now, by the id of its order.
pub(super) type True = HashMap<String, NewsItem>;

/// The derived id of an order: the same event tells the same person once.
pub(super) fn id_of(order: &NewsOrder) -> String {
    let kind = order.news.kind().as_str();
    format!("{kind}.{}.{}", order.complaint, order.pagings)
}

/// What is told to one person, and what belongs to the same commit.
#[derive(Default)]
pub(super) struct Told {
    pub(super) pages: Vec<NewPage>,
    pub(super) unit: Unit,
}

impl Engine {
    /// Of these orders of news, those that are still true, in the words of now.
    pub(super) async fn true_news(
        &self,
        orders: impl Iterator<Item = &Order>,
    ) -> Result<True, StoreError> {
        let news: Vec<&NewsOrder> = orders
            .filter_map(|order| match &order.effect {
                Effect::News(news) => Some(&**news),
                _ => None,
            })
            .collect();
        if news.is_empty() {
            return Ok(True::new());
        }
        let complaints: Vec<_> = news.iter().map(|order| order.complaint.clone()).collect();
        let found = self.store.find_escalations(&complaints).await?;
        let items = news.into_iter().zip(found).filter_map(|(order, found)| {
            // What cannot be read tells nothing: news are no pages.
            let Loaded::There(escalation) = found else {
                return None;
            };
            let item = NewsItem {
                complaint: order.complaint.clone(),
                news: escalation.value.still_news(order)?,
            };
            Some((id_of(order), item))
        });
        Ok(items.collect())
    }

    /// Puts the news for one person together. Those that were told before, are true no more, or whose
    /// page never left are passed over.
    pub(super) async fn tell_news(
        &self,
        shard: Shard,
        responder: &ResponderId,
        talk: &mut Conversation,
        orders: &[Order],
        true_news: &True,
        now: Timestamp,
    ) -> Result<Told, StoreError> {
        let mut told = Told::default();
        let news: Vec<&NewsOrder> = orders
            .iter()
            .filter_map(|order| match &order.effect {
                Effect::News(news) => Some(&**news),
                _ => None,
            })
            .filter(|order| true_news.contains_key(&id_of(order)) && !talk.was_told(&id_of(order)))
            .collect();
        if news.is_empty() {
            return Ok(told);
        }
        // Of one complaint the latest is enough: each tells what is true by now.
        let mut latest: HashMap<_, u32> = HashMap::new();
        for order in &news {
            let pagings = latest.entry(&order.complaint).or_default();
            *pagings = order.pagings.max(*pagings);
        }
        let news = news.into_iter();
        let news: Vec<&NewsOrder> = news
            .filter(|order| latest.get(&order.complaint) == Some(&order.pagings))
            .collect();
        let pages: Vec<PageId> = news.iter().map(|order| order.page.clone()).collect();
        let found = self.store.find_pages(shard, &pages).await?;
        let mut messages: Vec<(Line, String, Vec<NewsItem>)> = Vec::new();
        for (order, found) in news.into_iter().zip(found) {
            let Loaded::There(page) = found else { continue };
            let carrier = self.carrier(shard, &page.value).await?;
            let Some(line) = carrier
                .filter(|carrier| carrier.brought(&order.page))
                .and_then(|carrier| carrier.carried_by().cloned())
            else {
                continue;
            };
            let (id, item) = (id_of(order), &true_news[&id_of(order)]);
            talk.tell(&id);
            self.record(&mut told.unit, page, item, now);
            let same = messages.iter_mut().find(|(known, ..)| {
                known.transport == line.transport && known.address == line.address
            });
            match same {
                Some((_, _, items)) => items.push(item.clone()),
                None => messages.push((line, id, vec![item.clone()])),
            }
        }
        let pages = messages.into_iter();
        told.pages = pages
            .map(|(line, id, items)| message(responder, &line, &id, items, now))
            .collect();

        Ok(told)
    }

    /// The message that carries a page: itself, or its bundle.
    async fn carrier(&self, shard: Shard, page: &Page) -> Result<Option<Page>, StoreError> {
        let Some(bundle) = &page.into else {
            return Ok(Some(page.clone()));
        };
        let found = self.store.find_pages(shard, std::slice::from_ref(bundle));
        Ok(match found.await?.pop() {
            Some(Loaded::There(bundle)) => Some(bundle.value),
            Some(Loaded::Absent | Loaded::Unreadable { .. }) | None => None,
        })
    }

    /// Writes beside the page's own facts that its person was told.
    fn record(&self, unit: &mut Unit, page: Versioned<Page>, item: &NewsItem, now: Timestamp) {
        let Versioned { version, value } = page;
        let informed = Input::Informed(item.news.kind());
        let transition = value.advance(informed, self.tuning.attempt_timeout, now);
        let part = self.store.page_unit(version, &transition, now);
        unit.machines.extend(part.machines);
    }
}

/// The message: by one way, with no other after it.
fn message(
    responder: &ResponderId,
    line: &Line,
    id: &str,
    items: Vec<NewsItem>,
    now: Timestamp,
) -> NewPage {
    NewPage {
        id: PageId::of_reply(&format!("news.{id}"), responder.as_str()),
        responder: responder.clone(),
        complaint: None,
        content: Content::Reply(ReplyNote::News { items }),
        due_at: now,
        delivery: Arc::new(DeliveryRule {
            patience: SignedDuration::from_hours(1),
            retries: [30, 300].map(SignedDuration::from_secs).into(),
        }),
        reach: Reach::InTurn,
        ways: vec![Way::from(ContactMethod {
            id: line.method.clone(),
            transport: line.transport,
            address: line.address.clone(),
            enabled: true,
        })],
        in_reply_to: None,
    }
}
