//! Expressions of several words that mean something else than their words do.
//!
//! The table is asked with the first word; the longest expression that fits wins. Words stand in the
//! lexicon's spelling. Punctuation between the words does not matter, except the end of a sentence.

use super::words::Sense::{
    self, Accept, Automatic, Busy, Courtesy, Filler, Hedge, Helper, List, Question, Refuse, Start,
    Stop, WrongNumber,
};

/// The words after the first one, and what the whole means.
pub(super) type Phrase = (&'static [&'static str], Sense);

/// All expressions that begin with a word.
pub(super) fn beginning_with(first: &str) -> impl Iterator<Item = &'static Phrase> {
    [thanks, taking_it, passing_it, machines, asking]
        .into_iter()
        .filter_map(move |group| group(first))
        .flatten()
}

fn thanks(first: &str) -> Option<&'static [Phrase]> {
    Some(match first {
        "terima" | "trima" => &[
            (&["kasih", "telah", "menghubungi"], Automatic),
            (&["kasih", "sudah", "menghubungi"], Automatic),
            (&["kasih", "atas", "pesan"], Automatic),
            (&["kasih"], Courtesy),
            (&["ksh"], Courtesy),
        ],
        "terimakasih" => &[
            (&["telah", "menghubungi"], Automatic),
            (&["sudah", "menghubungi"], Automatic),
        ],
        "thank" => &[
            (&["you", "for", "contacting"], Automatic),
            (&["you", "for", "your", "message"], Automatic),
            (&["you", "for", "your", "email"], Automatic),
            (&["you"], Courtesy),
        ],
        "thanks" => &[(&["for", "contacting"], Automatic)],
        "matur" => &[
            (&["nuwun"], Courtesy),
            (&["suwun"], Courtesy),
            (&["sembah", "nuwun"], Courtesy),
        ],
        "hatur" => &[(&["nuhun"], Courtesy)],
        "sama" => &[(&["sama"], Courtesy)],
        "selamat" | "met" | "slmt" => &[
            (&["pagi"], Courtesy),
            (&["siang"], Courtesy),
            (&["sore"], Courtesy),
            (&["malam"], Courtesy),
            (&["malem"], Courtesy),
            (&["bertugas"], Courtesy),
        ],
        "salam" => &[(&["sehat"], Courtesy), (&["hormat"], Courtesy)],
        "good" => &[
            (&["morning"], Courtesy),
            (&["evening"], Courtesy),
            (&["night"], Courtesy),
        ],
        "assalamualaikum" => &[(&["wr", "wb"], Courtesy)],
        "assalamu" => &[
            (&["alaikum"], Courtesy),
            (&["alaikum", "wr", "wb"], Courtesy),
        ],
        _ => return None,
    })
}

fn taking_it(first: &str) -> Option<&'static [Phrase]> {
    Some(match first {
        "di" => &[
            (&["tl"], Accept),
            (&["lokasi"], Helper),
            (&["lapangan"], Helper),
        ],
        "dalam" => &[(&["proses"], Helper)],
        "tindak" | "ditindak" => &[(&["lanjut"], Accept), (&["lanjuti"], Accept)],
        "delapan" => &[(&["enam"], Accept)],
        "copy" => &[(&["that"], Accept)],
        "on" => &[(&["it"], Accept), (&["my", "way"], Busy)],
        "got" => &[(&["it"], Accept)],
        "will" => &[(&["follow", "up"], Accept), (&["do"], Accept)],
        "cek" => &[(&["lapangan"], Helper)],
        // Said of the picture that comes with the answer. "Foto diterima" thanks for one, and is no
        // answer, so the word alone means nothing.
        "foto" | "dokumentasi" | "video" | "bukti" | "data" | "laporan" | "lampiran" => &[
            (&["terlampir"], Filler),
            (&["menyusul"], Filler),
            (&["lokasi", "terlampir"], Filler),
            (&["dikirim"], Filler),
            (&["sudah", "dikirim"], Filler),
            (&["sdh", "dikirim"], Filler),
        ],
        "hari" => &[(&["ini"], Helper)],
        "mohon" | "mhn" => &[
            (&["ijin"], Filler),
            (&["izin"], Filler),
            (&["daftar"], List),
            (&["info"], List),
            (&["maaf"], Hedge),
        ],
        "minta" => &[(&["daftar"], List), (&["info"], List)],
        // Said with a sigh: so be it.
        "ya" | "iya" => &[
            (&["sudah"], Hedge),
            (&["sdh"], Hedge),
            (&["udah"], Hedge),
            (&["itu"], Hedge),
        ],
        _ => return None,
    })
}

fn passing_it(first: &str) -> Option<&'static [Phrase]> {
    Some(match first {
        "salah" => &[
            (&["alamat"], Refuse),
            (&["instansi"], Refuse),
            (&["dinas"], Refuse),
            (&["nomor"], WrongNumber),
            (&["nomer"], WrongNumber),
            (&["nomornya"], WrongNumber),
            (&["nmr"], WrongNumber),
            (&["no"], WrongNumber),
            (&["sambung"], WrongNumber),
            (&["orang"], WrongNumber),
        ],
        "nomor" | "nomer" | "nmr" | "no" | "nomornya" => &[
            (&["salah"], WrongNumber),
            (&["ini", "salah"], WrongNumber),
            (&["anda", "salah"], WrongNumber),
            (&["ini", "bukan", "milik"], WrongNumber),
            (&["ini", "bukan", "punya"], WrongNumber),
            (&["ini", "bukan", "nomor"], WrongNumber),
            (&["ini", "sudah", "bukan", "milik"], WrongNumber),
        ],
        "wrong" => &[(&["number"], WrongNumber), (&["person"], WrongNumber)],
        "dinas" | "tugas" => &[(&["luar"], Refuse)],
        "perjalanan" => &[(&["dinas"], Refuse)],
        "luar" => &[(&["kota"], Refuse), (&["negeri"], Refuse)],
        "di" => &[
            (&["luar", "kota"], Refuse),
            (&["luar", "negeri"], Refuse),
            (&["luar", "jam", "kerja"], Automatic),
            (&["luar", "jam", "operasional"], Automatic),
        ],
        "saya" | "sy" | "izin" | "ijin" => &[(&["sakit"], Refuse)],
        "sudah" | "sdh" | "udah" => &[(&["pindah", "tugas"], Refuse), (&["pindah"], Refuse)],
        "on" => &[(&["leave"], Refuse)],
        _ => return None,
    })
}

fn machines(first: &str) -> Option<&'static [Phrase]> {
    Some(match first {
        "sedang" | "sdg" | "lagi" | "lg" | "masih" | "baru" => &[
            (&["rapat"], Busy),
            (&["meeting"], Busy),
            (&["zoom"], Busy),
            (&["mengemudi"], Busy),
            (&["menyetir"], Busy),
            (&["nyetir"], Busy),
            (&["berkendara"], Busy),
            (&["sholat"], Busy),
            (&["salat"], Busy),
            (&["shalat"], Busy),
            (&["acara"], Busy),
            (&["sibuk"], Busy),
            (&["sakit"], Refuse),
            (&["di", "jalan"], Busy),
            (&["dijalan"], Busy),
            (&["di", "luar", "kota"], Refuse),
            (&["di", "luar", "negeri"], Refuse),
            (&["dalam", "perjalanan", "dinas"], Refuse),
            (&["dalam", "perjalanan"], Busy),
            (&["dalam", "rapat"], Busy),
            (&["tidak", "di", "tempat"], Refuse),
            (&["tidak", "dapat", "menerima", "panggilan"], Automatic),
        ],
        "tidak" | "tdk" => &[
            (&["di", "tempat"], Refuse),
            (&["ada", "di", "tempat"], Refuse),
            (&["dapat", "menerima", "panggilan"], Automatic),
            (&["dapat", "menerima", "telepon"], Automatic),
            (&["dapat", "bicara", "sekarang"], Busy),
            (&["dapat", "berbicara", "sekarang"], Busy),
            (&["bisa", "bicara", "sekarang"], Busy),
            (&["bisa", "terima", "telepon"], Busy),
            (&["bisa", "angkat", "telepon"], Busy),
        ],
        "cant" => &[(&["talk", "right", "now"], Busy), (&["talk", "now"], Busy)],
        "can" => &[
            (&["i", "call", "you", "later"], Automatic),
            (&["i", "call", "you", "back"], Automatic),
        ],
        "balasan" | "jawaban" | "dibalas" | "pesan" | "respon" | "respons" | "surel" | "email"
        | "terjawab" | "membalas" => &[
            (&["otomatis"], Automatic),
            (&["secara", "otomatis"], Automatic),
            (&["ini", "dibalas", "otomatis"], Automatic),
            (&["anda", "telah", "kami", "terima"], Automatic),
            (&["anda", "sudah", "kami", "terima"], Automatic),
            (&["anda", "akan", "segera"], Automatic),
        ],
        "out" => &[
            (&["of", "office"], Automatic),
            (&["of", "the", "office"], Automatic),
        ],
        "auto" => &[
            (&["reply"], Automatic),
            (&["replied"], Automatic),
            (&["response"], Automatic),
            (&["responder"], Automatic),
            (&["balas"], Automatic),
            (&["respon"], Automatic),
        ],
        "automatic" => &[(&["reply"], Automatic), (&["response"], Automatic)],
        "automated" => &[
            (&["reply"], Automatic),
            (&["response"], Automatic),
            (&["message"], Automatic),
        ],
        "autoreply" | "autoresponse" => &[(&[], Automatic)],
        "akan" => &[
            (&["segera", "membalas"], Automatic),
            (&["segera", "kami", "balas"], Automatic),
            (&["saya", "hubungi", "kembali"], Automatic),
            (&["kami", "hubungi", "kembali"], Automatic),
        ],
        "saya" | "nanti" => &[
            (&["hubungi", "kembali"], Automatic),
            (&["hubungi", "nanti"], Busy),
            (&["saya", "hubungi"], Busy),
            (&["saya", "telepon"], Busy),
        ],
        "your" => &[(&["message", "has", "been", "received"], Automatic)],
        "in" => &[(&["a", "meeting"], Busy)],
        "driving" => &[(&[], Busy)],
        _ => return None,
    })
}

fn asking(first: &str) -> Option<&'static [Phrase]> {
    Some(match first {
        "stop" | "berhenti" => &[
            (&["kirim", "sms"], Stop),
            (&["kirim", "sms", "ini"], Stop),
            (&["kirim", "pesan"], Stop),
            (&["kirim", "wa"], Stop),
            (&["kirim"], Stop),
            (&["sms"], Stop),
            (&["wa"], Stop),
            (&["notifikasi"], Stop),
            (&["langganan"], Stop),
            (&["berlangganan"], Stop),
        ],
        "mulai" => &[(&["lagi"], Start)],
        "start" => &[(&["again"], Start)],
        "ada" => &[(&["apa"], Question)],
        _ => return None,
    })
}
