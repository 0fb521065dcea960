//! What would be lost on the way of everything that can be said, gateway by gateway.
//!
//! A template is sound or not only together with the way it goes: one operator drops a word that all
//! others carry. So everything is put into words for every gateway as it would be for a page, with
//! the names that are really in the directory, and read as the operator's filter reads it.

use std::collections::BTreeSet;

use super::{
    Recipient, Renderer, SAMPLE_NOW, SAMPLE_TICKETS, TemplateFault, lint, lint::Carrier, samples,
    words,
};
use smol_str::{SmolStr, format_smolstr};

use crate::domain::{
    delivery::Transport,
    directory::{Directory, Language},
    gsm,
    id::ComplaintId,
    message::Content,
    policy::Lacks,
};

/// How many of the longest names of each kind are tried.
const LONGEST: usize = 3;

impl Renderer {
    /// Everything that a gateway would drop, once a template, gateway and reason.
    ///
    /// `lacks` is what the further clocks of the policies wait for.
    pub fn audit<'l>(
        &self,
        directory: &Directory,
        lacks: impl IntoIterator<Item = &'l Lacks>,
    ) -> Vec<TemplateFault> {
        let mut faults = Vec::new();
        let mut told = BTreeSet::new();
        let mut contents = with_names_of(directory);
        contents.extend(lacking(lacks));
        for carrier in self.carriers.each.iter() {
            for language in [Language::Id, Language::En] {
                let to = recipient(carrier, language);
                for (sample, content) in &contents {
                    let rendered = self.render(content, &to, SAMPLE_NOW);
                    let file = file_of(content, carrier.transport, language);
                    let gateway = &carrier.gateway;
                    // An override that fails here, with a name that no sample has, is found here.
                    faults.extend(
                        rendered
                            .fallback
                            .filter(|fault| told.insert((gateway.clone(), fault.to_string()))),
                    );
                    let text = rendered.message.plain_text();
                    let mut carrier = carrier.clone();
                    // Who is answered has answered; and news say that nobody need reply.
                    carrier.rules.two_way |= matches!(content, Content::Reply(_));
                    for (what, remedy) in lint::check(text, &carrier) {
                        if told.insert((gateway.clone(), format!("{file}: {what}"))) {
                            faults.push(TemplateFault::new(
                                &file,
                                format!("gateway {gateway} would drop it: {what}, as in {sample}: {text:?}"),
                                remedy,
                            ));
                        }
                    }
                }
            }
        }
        faults
    }

    /// The names of posts and units that short messages cannot tell whole, because a gateway would
    /// drop the message for a word in them: the name, and what is told in its place.
    pub fn tamed_names(&self, directory: &Directory) -> Vec<(String, String, String)> {
        let rules = &self.carriers.together;
        let posts = directory.posts.iter().map(|(code, post)| {
            let field = format!("posts.{code}.short_title");
            (field, post.short_title.as_str())
        });
        let units = directory.units.iter().map(|(code, unit)| {
            let field = format!("units.{code}.short_name");
            (field, unit.short_name.as_str())
        });
        posts
            .chain(units)
            .filter_map(|(field, name)| {
                let tamed = lint::tame(name, rules).unwrap_or_default();
                let whole = gsm::force(name);
                let words = |text: &str| text.split_whitespace().count();
                (words(&tamed) < words(&whole)).then(|| (field, name.to_owned(), tamed))
            })
            .collect()
    }
}

fn recipient(carrier: &Carrier, language: Language) -> Recipient {
    let link = carrier
        .rules
        .links_allowed
        .then(|| "https://siaga.example/a/x7Kp".to_owned());
    let tickets = SAMPLE_TICKETS.iter();
    let tickets = tickets.filter_map(|ticket| ComplaintId::parse(ticket).ok());
    Recipient {
        transport: carrier.transport,
        language,
        two_way: carrier.rules.two_way,
        whatsapp_window_open: true,
        links: tickets
            .filter_map(|complaint| Some((complaint, link.clone()?)))
            .collect(),
        link,
    }
}

fn file_of(content: &Content, transport: Transport, language: Language) -> String {
    let kind = words::kind_of(content);
    format!("{transport}/{kind}.{}.txt", words::code_of(language))
}

/// Every sample, and the pages among them once more with the longest names of the directory.
fn with_names_of(directory: &Directory) -> Vec<(String, Content)> {
    let mut contents = Vec::new();
    let mut posts: Vec<_> = directory.posts.values().collect();
    posts.sort_by_key(|post| std::cmp::Reverse(post.short_title.chars().count()));
    let mut units: Vec<_> = directory.units.values().collect();
    units.sort_by_key(|unit| std::cmp::Reverse(unit.short_name.chars().count()));
    for (sample, content) in samples() {
        if let Content::Alert(alert) = &content {
            for (place, post) in posts.iter().take(LONGEST).enumerate() {
                let mut alert = alert.clone();
                alert.short_title = format_smolstr!("Plt. {}", post.short_title);
                alert.title = format_smolstr!("Pelaksana Tugas {}", post.title);
                let unit = units.get(place).or_else(|| units.first());
                let unit = unit.map(|unit| unit.short_name.clone());
                alert.proposed = alert.proposed.and_then(|_| unit.clone());
                alert.unit = unit.map(SmolStr::from).or(alert.unit);
                let longest = posts.first().map(|it| it.short_title.clone());
                alert.from = alert.from.and(longest);
                let named = format!("{sample} to {}", post.short_title);
                contents.push((named, Content::Alert(alert)));
            }
        }
        contents.push((sample.to_owned(), content));
    }
    contents
}

/// Every page of a sample once more, for each thing that a further clock waits for.
fn lacking<'l>(lacks: impl IntoIterator<Item = &'l Lacks>) -> Vec<(String, Content)> {
    let mut contents = Vec::new();
    for lacks in lacks {
        for (sample, content) in samples() {
            if let Content::Alert(mut alert) = content {
                alert.lacks = Some(Box::new(lacks.clone()));
                contents.push((format!("{sample}: {}", lacks.id), Content::Alert(alert)));
            }
        }
    }
    contents
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::gsm::RouteRules;

    fn carrier(gateway: &str, transport: Transport, rules: RouteRules) -> Carrier {
        Carrier {
            gateway: gateway.to_owned(),
            transport,
            rules,
        }
    }

    fn cautious(links_allowed: bool, two_way: bool) -> RouteRules {
        RouteRules {
            links_allowed,
            two_way,
            ..RouteRules::default()
        }
    }

    fn directory() -> Directory {
        serde_json::from_value(serde_json::json!({
            "units": {
                "BAPENDA": { "name": "Badan Pengelola Pendapatan", "short_name": "BAPENDA" },
                "DANA": { "name": "Badan Dana", "short_name": "Badan Dana" },
            },
            "posts": { "BAPENDA.kepala": {
                "unit": "BAPENDA", "role": "kepala",
                "title": "Kepala Badan Pengelola Pendapatan dan Dana Daerah",
                "short_title": "Ka Badan Pengelola Pendapatan dan Dana Daerah 12345",
            } },
            "responders": {},
        }))
        .unwrap()
    }

    #[test]
    fn what_is_shipped_passes_every_cautious_gateway() {
        let renderer = Renderer::shipped("Asia/Jakarta").unwrap();
        let both = [true, false];
        let ways = Transport::ALL.into_iter().flat_map(|transport| {
            both.into_iter().flat_map(move |links| {
                both.map(|two_way| carrier("g", transport, cautious(links, two_way)))
            })
        });
        let renderer = renderer.carried_by(ways.collect());
        assert_eq!(renderer.audit(&directory(), []), []);
        assert_eq!(
            renderer.tamed_names(&directory()),
            [
                (
                    "posts.BAPENDA.kepala.short_title".to_owned(),
                    "Ka Badan Pengelola Pendapatan dan Dana Daerah 12345".to_owned(),
                    "Ka Badan Pengelola Pendapatan dan Daerah".to_owned(),
                ),
                (
                    "units.DANA.short_name".to_owned(),
                    "Badan Dana".to_owned(),
                    "Badan".to_owned(),
                ),
            ]
        );
    }

    #[test]
    fn what_one_gateway_drops_is_told_with_its_name_once_a_template() {
        let own = RouteRules {
            blocked_words: vec!["aduan".to_owned()],
            ..cautious(false, true)
        };
        let renderer = Renderer::shipped("Asia/Jakarta").unwrap().carried_by(vec![
            carrier("good", Transport::Sms, cautious(false, true)),
            carrier("strict", Transport::Sms, own),
            carrier("mail", Transport::Email, RouteRules::default()),
        ]);
        let told: Vec<String> = renderer
            .audit(&Directory::default(), [])
            .iter()
            .map(ToString::to_string)
            .collect();
        for file in ["sms/alert.id.txt", "sms/bundle.id.txt", "sms/reply.id.txt"] {
            let of_file: Vec<&String> = told.iter().filter(|it| it.contains(file)).collect();
            assert_eq!(of_file.len(), 1, "{told:#?}");
            assert!(
                of_file[0].contains("gateway strict would drop it: blocked word (aduan)")
                    && of_file[0].ends_with("say it in another word"),
                "{of_file:?}"
            );
        }
        assert_eq!(told.len(), 3, "{told:#?}");
    }

    #[test]
    fn an_override_with_a_link_is_told_for_the_gateway_that_carries_none() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sms")).unwrap();
        let text = "{{ ticket }} {{ answer }} lapor.go.id";
        std::fs::write(folder.path().join("sms/alert.en.txt"), text).unwrap();
        let (renderer, refused) = Renderer::shipped("Asia/Jakarta")
            .unwrap()
            .carried_by(vec![
                carrier("open", Transport::Sms, cautious(true, true)),
                carrier("closed", Transport::Sms, cautious(false, true)),
            ])
            .with_overrides(folder.path())
            .unwrap();
        assert_eq!(refused, []);
        let told = renderer.audit(&Directory::default(), []);
        assert_eq!(told.len(), 1, "{told:?}");
        let told = told[0].to_string();
        assert!(
            told.contains("sms/alert.en.txt: gateway closed would drop it: link (lapor.go.id)"),
            "{told}"
        );
    }
}
