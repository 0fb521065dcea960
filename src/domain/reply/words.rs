//! The lexicon: what a single word, number or sign means by itself.
//!
//! A word that is not here is `Unknown`, and with an unknown word nothing is an acceptance. So a
//! word of acceptance must be safe in every company, and words that limit, ask or put off are listed
//! even where leaving them out would do: the list is also the record of what was thought of.

/// What a word, phrase or sign means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    /// A plain yes, which also opens or closes sentences that mean something else: *ya, nggih*.
    Yes,
    /// Taking it: *ok, siap, laksanakan*.
    Accept,
    /// Polite or empty: *mohon izin, deh*.
    Filler,
    /// Speaking to somebody: *pak, ibu, ndan*.
    Address,
    /// Belongs to an acceptance without being one: *segera, kami, akan*.
    Helper,
    /// Thanks and greetings.
    Courtesy,
    /// Between codes: *dan*.
    And,
    /// Before a code: *kode, nomor*.
    Mark,
    /// *semua*.
    All,
    /// Limits, doubts or excuses: *tapi, maaf, dulu*.
    Hedge,
    /// Conditions and puts off: *kalau, nanti, mungkin*.
    If,
    /// Asks.
    Question,
    /// A point or length of time; a number beside it is no code.
    Time,
    /// *pagi, malam*: a greeting or a time.
    DayPart,
    /// *tidak*.
    No,
    /// *belum*.
    NotYet,
    /// *bukan*.
    Not,
    /// *jangan*.
    Dont,
    /// Refuses by itself: *tolak, cuti*.
    Refuse,
    /// *teruskan*.
    HandOver,
    /// *daftar, info*.
    List,
    /// *berhenti*.
    Stop,
    /// *mulai*.
    Start,
    /// *salah nomor*.
    WrongNumber,
    /// Only a machine says so: *balasan otomatis*.
    Automatic,
    /// A telephone's quick answer, or a person's: *sedang rapat*.
    Busy,
    /// Known as a part of phrases only: *kasih, wewenang*.
    Plain,
    /// Not known.
    Unknown,
    /// A number that can be a code, 1 to 999.
    Code(u16),
    /// A complaint's number.
    Ticket,
    /// A number that is neither.
    Figure,
    /// A no that was resolved: *tidak bisa*.
    PlainNo,
    /// A negation whose reach is not clear: *belum siap*.
    Doubt,
    /// The negation of a refusal or of another negation: *jangan tolak*.
    Reversal,
}

impl Sense {
    pub(super) fn is_negation(self) -> bool {
        matches!(self, Self::No | Self::NotYet | Self::Not | Self::Dont)
    }

    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Code(_) | Self::Ticket | Self::Figure)
    }
}

/// The word in the lexicon's spelling and its sense; an unknown word as it is.
///
/// A thumb that rests on a key is forgiven (`okeee`, `siaaap`): repeated letters are taken together.
/// No other slip is: `tdk` and `tak` differ from words of acceptance by less than most slips do.
pub(super) fn word(text: &str) -> (String, Sense) {
    if let Some(sense) = exact(text) {
        return (text.to_owned(), sense);
    }
    let spellings = [
        squeezed(text, 3, 1),
        squeezed(text, 3, 2),
        squeezed(text, 2, 1),
    ];
    for spelling in spellings {
        let Some(sense) = exact(&spelling) else {
            continue;
        };
        // A two-letter word says yes only if its last letter is the long one: `okk`, not `ttl`.
        let is_yes = matches!(sense, Sense::Yes | Sense::Accept);
        let is_long_at_end =
            text.trim_end_matches(|c| spelling.ends_with(c)).len() < spelling.len();
        if !is_yes || spelling.len() > 2 || is_long_at_end {
            return (spelling, sense);
        }
    }
    (text.to_owned(), Sense::Unknown)
}

/// Runs of at least `from` equal letters become runs of `to`.
fn squeezed(text: &str, from: usize, to: usize) -> String {
    let mut squeezed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = rest.trim_start_matches(first);
        let run = &rest[..rest.len() - after.len()];
        let length = run.len() / first.len_utf8();
        let keep = if length >= from { to } else { length };
        squeezed.push_str(&run[..keep * first.len_utf8()]);
        rest = after;
    }
    squeezed
}

/// What digits mean by themselves.
pub(super) fn number(digits: &str) -> Sense {
    if digits.len() > 20 {
        return Sense::Figure;
    }
    if digits.len() >= 5 {
        return Sense::Ticket;
    }
    match digits.parse() {
        Ok(code @ 1..=999) => Sense::Code(code),
        _ => Sense::Figure,
    }
}

/// A word with the figure 2 behind it is a word said twice (`bapak2`, `siap2`), and no code.
///
/// `None` where that cannot be; `siap2` may be either ("getting ready", or code 2): not guessed.
pub(super) fn doubled((word, sense): &(String, Sense)) -> Option<Sense> {
    match (word.as_str(), sense) {
        ("sama", _) => Some(Sense::Courtesy),
        (_, Sense::Address) => Some(Sense::Address),
        (_, Sense::Yes | Sense::Accept | Sense::Helper | Sense::All) => Some(Sense::Hedge),
        _ => None,
    }
}

/// What a sign that is neither letter nor digit means; `None` if it only separates.
pub(super) fn sign(c: char) -> Option<Sense> {
    Some(match c {
        '👍' | '👌' | '✅' | '☑' | '✔' | '✓' | '🗸' | '🫡' | '🆗' => Sense::Accept,
        '🙏' | '💪' | '😊' | '🙂' | '🤝' | '☺' | '😁' | '😄' | '❤' | '🌹' => {
            Sense::Filler
        }
        '\u{1F1E6}'..='\u{1F1FF}' => Sense::Filler, // flags
        '👎' | '❌' | '🚫' | '🙅' | '✖' | '✗' | '✘' => Sense::PlainNo,
        '?' | '¿' | '؟' | '❓' | '❔' | '🤔' | '⁉' | '‽' => Sense::Question,
        '⏳' | '⌛' | '⏰' | '🕐'..='🕧' => Sense::Time,
        c if c.is_whitespace() || c.is_control() => return None,
        '.' | ',' | ';' | ':' | '!' | '(' | ')' | '[' | ']' | '{' | '}' | '"' | '\'' | '`'
        | '´' | '‘' | '’' | '‛' | '“' | '”' | '„' | '«' | '»' | '*' | '_' | '-' | '#' | '&'
        | '+' | '/' | '\\' | '|' | '•' | '·' | '…' | '‼' | '、' => return None,
        _ => Sense::Unknown,
    })
}

fn exact(word: &str) -> Option<Sense> {
    yes(word)
        .or_else(|| around_yes(word))
        .or_else(|| doubt(word))
        .or_else(|| no(word))
        .or_else(|| command(word))
        .or_else(|| part_of_phrases(word))
}

/// Words of acceptance. Each must be safe in every sentence whose other words are understood.
fn yes(word: &str) -> Option<Sense> {
    Some(match word {
        "ya" | "iya" | "iyah" | "yah" | "y" | "yo" | "iyo" | "yap" | "yup" | "yep" | "yes"
        | "yoi" | "nggih" | "inggih" | "injih" | "njih" | "enggih" | "nggeh" | "inggeh" => {
            Sense::Yes
        }
        "ok" | "oke" | "okey" | "okay" | "okai" | "oki" | "okeh" | "oklah" | "okelah" | "sip"
        | "siip" | "siap" | "siyap" | "laksanakan" | "dilaksanakan" | "terima" | "trima"
        | "diterima" | "baik" | "baiklah" | "monggo" | "sendiko" | "sendika" | "sendhiko"
        | "sendhika" | "ngestoaken" | "ngestokaken" | "copy" | "copied" | "noted" | "monitor"
        | "dimonitor" | "termonitor" | "tl" | "ditl" | "ditindaklanjuti" | "tindaklanjuti"
        | "tindaklanjut" | "setuju" | "sanggup" | "bersedia" | "roger" | "rojer" | "accept"
        | "accepted" | "ack" | "acknowledge" | "acknowledged" | "paham" | "dipahami"
        | "dicatat" => Sense::Accept,
        _ => return None,
    })
}

/// What may stand around an acceptance and adds nothing to it.
fn around_yes(word: &str) -> Option<Sense> {
    Some(match word {
        "pak" | "bapak" | "bpk" | "pa" | "bp" | "bu" | "ibu" | "mas" | "mbak" | "mba" | "kak"
        | "kakak" | "bang" | "bung" | "bos" | "boss" | "komandan" | "ndan" | "kadis" | "kaban"
        | "kabid" | "sekda" | "pimpinan" | "rekan" | "gan" | "min" | "admin" | "sir" | "mam"
        | "madam" | "pakde" | "dhe" | "om" => Sense::Address,
        "deh" | "lah" | "dong" | "ijin" | "izin" | "dawuh" | "hormat" | "siaga" | "yth"
        | "please" | "kawulo" | "mantap" | "atas" | "infonya" | "informasinya" | "perhatiannya"
        | "bantuannya" | "kerjasamanya" | "pemberitahuannya" | "banyak" => Sense::Filler,
        "kami" | "kulo" | "wis" | "with" | "saya" | "sy" | "kita" | "aku" | "akan" | "segera"
        | "sgr" | "langsung" | "sudah" | "sdh" | "udah" | "sampun" | "telah" | "untuk" | "utk"
        | "yang" | "yg" | "ini" | "itu" | "lanjut" | "secepatnya" | "sekarang" | "otw"
        | "meluncur" | "perintah" | "arahan" | "petunjuk" | "pesan" | "pesannya" | "sms"
        | "cek" | "dicek" | "tangani" | "ditangani" | "proses" | "diproses" | "dikerjakan"
        | "sedang" | "sdg" | "i" | "we" | "will" | "it" | "tim" | "petugas" | "juga" | "dengan"
        | "dgn" => Sense::Helper,
        "dan" | "and" | "lan" | "serta" => Sense::And,
        "kode" | "nomor" | "nomer" | "nmr" | "nomornya" | "aduan" | "laporan" | "tiket"
        | "ticket" | "code" | "number" => Sense::Mark,
        "semua" | "semuanya" | "seluruhnya" | "all" | "kabeh" | "sedoyo" | "sedaya" => Sense::All,
        "thx" | "thanks" | "thank" | "tks" | "trims" | "trimakasih" | "terimakasih" | "makasih"
        | "makasi" | "mksh" | "mksih" | "tq" | "ty" | "tengkyu" | "suwun" | "nuwun" | "nuhun"
        | "salam" | "assalamualaikum" | "assalamu" | "waalaikumsalam" | "walaikumsalam"
        | "wassalam" | "wassalamualaikum" | "aamiin" | "amin" | "alhamdulillah" | "halo"
        | "hai" | "hi" | "hello" | "slmt" => Sense::Courtesy,
        "pagi" | "siang" | "sore" | "malam" | "malem" | "mlm" => Sense::DayPart,
        _ => return None,
    })
}

/// Words that limit, ask, put off, or name a time.
fn doubt(word: &str) -> Option<Sense> {
    Some(match word {
        "tapi" | "tp" | "tpi" | "tetapi" | "namun" | "but" | "hanya" | "cuma" | "maaf"
        | "mohon" | "mhn" | "tolong" | "harap" | "sorry" | "dulu" | "dhisik" | "masih" | "coba"
        | "hampir" | "kecuali" | "except" | "semoga" | "insyaallah" | "inshaallah" | "tunda"
        | "ditunda" | "pending" | "tunggu" | "bentar" | "sebentar" | "sik" | "kurang" | "sulit"
        | "susah" | "gagal" | "batal" | "batalkan" | "dibatalkan" | "cancel" | "salah" | "saja"
        | "aja" | "sih" | "yasudah" | "yaudah" | "ywdh" | "entah" | "bingung" | "lupa" | "ragu"
        | "tanpa" | "seharusnya" | "harusnya" | "sebenarnya" | "kali" => Sense::Hedge,
        "kalau" | "kalo" | "klo" | "klu" | "kl" | "jika" | "jk" | "bila" | "apabila" | "andai"
        | "if" | "maybe" | "mungkin" | "kayaknya" | "sepertinya" | "rasanya" | "asal"
        | "asalkan" | "nanti" | "nti" | "mengko" | "mangke" | "ntar" | "entar" | "besok"
        | "bsk" | "lusa" | "tomorrow" | "later" => Sense::If,
        "apa" | "apakah" | "siapa" | "sapa" | "mana" | "dimana" | "kemana" | "kapan" | "kenapa"
        | "knp" | "mengapa" | "bagaimana" | "gimana" | "gmn" | "bgmn" | "berapa" | "kok"
        | "kah" | "iyakah" | "maksudnya" | "piye" | "nopo" | "pripun" | "what" | "why" | "who"
        | "when" | "where" | "which" | "how" | "masa" => Sense::Question,
        "jam" | "pukul" | "pkl" | "menit" | "mnt" | "detik" | "hari" | "minggu" | "bulan"
        | "tahun" | "tgl" | "tanggal" | "sampai" | "sampe" | "hingga" | "until" | "kemarin"
        | "senin" | "selasa" | "rabu" | "kamis" | "jumat" | "sabtu" | "ahad" | "wib" | "wita"
        | "wit" | "am" | "pm" | "hours" | "hour" | "minutes" | "minute" | "days" | "januari"
        | "februari" | "maret" | "april" | "mei" | "juni" | "juli" | "agustus" | "september"
        | "oktober" | "november" | "desember" | "rt" | "rw" | "km" | "meter" | "lagi" | "lg" => {
            Sense::Time
        }
        _ => return None,
    })
}

/// Words that refuse, and negations.
fn no(word: &str) -> Option<Sense> {
    Some(match word {
        "tidak" | "tdk" | "tidk" | "tdak" | "tida" | "tak" | "tk" | "ga" | "gak" | "gk" | "g"
        | "nggak" | "ngga" | "ngak" | "nggk" | "enggak" | "engga" | "kagak" | "kaga" | "ndak"
        | "ndk" | "nda" | "ndag" | "endak" | "dak" | "ora" | "ra" | "mboten" | "boten"
        | "mbten" | "no" | "nope" | "nah" | "never" | "emoh" | "ogah" | "wegah" | "gamau"
        | "gabisa" | "cannot" | "cant" | "wont" | "unable" => Sense::No,
        "belum" | "blm" | "blum" | "belom" | "dereng" | "durung" => Sense::NotYet,
        "bukan" | "bkn" | "bukannya" | "sanes" | "dudu" | "not" | "isnt" => Sense::Not,
        "jangan" | "jgn" | "jngn" | "ojo" | "dont" | "stopkan" => Sense::Dont,
        "tolak" | "ditolak" | "menolak" | "nolak" | "refuse" | "reject" | "rejected"
        | "decline" | "cuti" | "pensiun" | "mutasi" => Sense::Refuse,
        _ => return None,
    })
}

/// Words that ask something of us.
fn command(word: &str) -> Option<Sense> {
    Some(match word {
        "teruskan" | "diteruskan" | "terusin" | "forward" | "forwarded" | "limpahkan"
        | "dilimpahkan" | "limpahno" | "alihkan" | "dialihkan" | "handover" => Sense::HandOver,
        "daftar" | "list" | "info" | "status" | "help" | "menu" => Sense::List,
        "stop" | "berhenti" | "unsubscribe" | "unsub" => Sense::Stop,
        "mulai" | "start" => Sense::Start,
        _ => return None,
    })
}

/// Words without a sense of their own here; listed so that a long press is forgiven in phrases too.
fn part_of_phrases(word: &str) -> Option<Sense> {
    matches!(
        word,
        "kasih"
            | "ksh"
            | "wewenang"
            | "kewenangan"
            | "wewenangnya"
            | "berwenang"
            | "tupoksi"
            | "urusan"
            | "bagian"
            | "bidang"
            | "ranah"
            | "dinas"
            | "luar"
            | "alamat"
            | "sambung"
            | "orang"
            | "rapat"
            | "otomatis"
            | "office"
            | "sama"
            | "ke"
            | "kepada"
            | "kpd"
            | "to"
            | "tindak"
            | "ditindak"
            | "lanjuti"
            | "selamat"
            | "matur"
            | "hatur"
            | "bisa"
            | "dapat"
            | "mau"
    )
    .then_some(Sense::Plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_press_is_forgiven_and_no_other_slip() {
        for (text, expected) in [
            ("okeee", "oke"),
            ("okk", "ok"),
            ("sippp", "sip"),
            ("siaaap", "siap"),
            ("nggiiih", "nggih"),
            ("yaaa", "ya"),
            ("kasihh", "kasih"),
            ("maaaf", "maaf"),
        ] {
            assert_eq!(word(text).0, expected);
        }
        for text in [
            "ttl", "ook", "okd", "saip", "trma", "oek", "siao", "tdksiap",
        ] {
            assert_eq!(word(text).1, Sense::Unknown, "{text}");
        }
    }

    #[test]
    fn no_long_press_turns_a_refusal_into_a_yes() {
        let others = "tidak tdk tak tk ga gak gk g nggak ngga enggak ndak ora ra mboten boten no \
            nope belum blm durung dereng bukan bkn sanes dudu not jangan jgn ojo tolak cuti tapi \
            tp nanti besok mungkin kalau maaf mohon salah batal gagal apa siapa kok kah stop \
            teruskan limpahkan lagi jam hari kali saja sih";
        for word_of_no in others.split_whitespace() {
            for at in 0..word_of_no.len() {
                for times in 1..4 {
                    let (head, tail) = word_of_no.split_at(at);
                    let text = format!("{head}{}{tail}", tail[..1].repeat(times));
                    let sense = word(&text).1;
                    assert!(!matches!(sense, Sense::Yes | Sense::Accept), "{text}");
                }
            }
        }
    }

    #[test]
    fn numbers_are_codes_tickets_or_neither() {
        assert_eq!(number("12"), Sense::Code(12));
        assert_eq!(number("012"), Sense::Code(12));
        assert_eq!(number("0999"), Sense::Code(999));
        for none in ["0", "000", "1000", "9999", &"1".repeat(21)] {
            assert_eq!(number(none), Sense::Figure, "{none}");
        }
        assert_eq!(number("14376928"), Sense::Ticket);
    }
}
