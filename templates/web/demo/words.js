// The page's words in both languages, and how times are written. Messages on the telephones are not
// here: they arrive as the service wrote them.

const WORDS = {
  id: {
    skip: "Langsung ke telepon", tagline: "Tidak ada aduan yang terlewat", clock: "Jam simulasi", speed: "Kecepatan waktu",
    pause: "Berhenti", slow: "Pelan", medium: "Sedang", fast: "Cepat", speedOf: (name, per) => `${name}: ${per}`,
    per: { 0: "waktu berhenti", 60: "1 detik = 1 menit", 600: "1 detik = 10 menit", 3600: "1 detik = 1 jam" },
    counts: "Keadaan semua aduan", newComplaint: "Kirim aduan baru", sound: "Bunyi saat pesan masuk",
    offline: "Sambungan terputus. Mencoba lagi …", complaints: "Aduan", detail: "Rincian", phones: "Telepon", tabs: "Bagian halaman",
    emptyDetail: "Aduan menunggu jawaban. Waktu berjalan. Telepon berdering sampai ada yang menjawab.",
    count: { open: "terbuka", waiting: "menunggu", warned: "diperingatkan", escalating: "dipanggil", acknowledged: "diterima", exhausted: "tanpa jawaban", missed: "terlewat", closed: "selesai" },
    phase: { waiting: "Menunggu jawaban", warned: "Sudah diperingatkan", escalating: "Terlewat, sedang dipanggil", acknowledged: "Diterima, ditangani", exhausted: "Semua sudah dipanggil, belum ada jawaban", kept: "Sudah direspons", paused: "Waktu dijeda", closed: "Selesai" },
    left: (time) => `sisa ${time}`, late: (time) => `lewat ${time}`, inTime: (time) => `${time} lagi`, nowWord: "sekarang", ago: (time) => `${time} lalu`,
    units: ["m", "j", "h"], until: (time) => `tenang s.d. ${time}`, by: (who) => `oleh ${who}`,
    noUnit: "Meja koordinator", follow: "Ikuti yang terbaru", hold: "Sematkan",
    next: "Apa berikutnya", nothingNext: "Tidak ada lagi yang menunggu.", timeline: "Yang sudah terjadi", record: "Catat kemajuan",
    statuses: { verifikasi: "Verifikasi", "cek lapangan": "Cek lapangan", pengerjaan: "Pengerjaan", selesai: "Selesai" },
    status: (status) => `Status: ${status}`, received: "masuk", deadline: "batas waktu",
    dial: (percent) => `Waktu yang sudah berjalan: ${percent} persen`,
    rungs: ["Penghubung", "Kepala", "Batas", "Asisten", "Sekda", "Gubernur"],
    off: "Mati", on: "Menyala", turnOff: (name) => `Telepon ${name}: menyala. Matikan`, turnOn: (name) => `Telepon ${name}: mati. Nyalakan`,
    phoneOff: "Telepon mati", type: (how) => `Balas lewat ${how}`, send: "Kirim", noMessages: "Belum ada pesan",
    transport: { sms: "SMS", whatsapp: "WhatsApp", email: "Surel" }, arrived: (how, who, text) => `${how} untuk ${who}: ${text}`,
    more: (count) => `dan ${count} pesan lain`, openComplaint: (complaint) => `Lihat aduan ${complaint}`,
    failed: "Tidak berhasil. Coba lagi.", refuse: "BUKAN WEWENANG",
  },
  en: {
    skip: "Go to the telephones", tagline: "No complaint goes unheard", clock: "Simulated clock", speed: "Speed of time",
    pause: "Stop", slow: "Slow", medium: "Medium", fast: "Fast", speedOf: (name, per) => `${name}: ${per}`,
    per: { 0: "time stands still", 60: "1 second = 1 minute", 600: "1 second = 10 minutes", 3600: "1 second = 1 hour" },
    counts: "How all complaints stand", newComplaint: "Send a new complaint", sound: "Sound when a message arrives",
    offline: "Connection lost. Trying again …", complaints: "Complaints", detail: "Details", phones: "Telephones", tabs: "Parts of the page",
    emptyDetail: "A complaint waits for an answer. Time runs. Telephones ring until somebody answers.",
    count: { open: "open", waiting: "waiting", warned: "warned", escalating: "paging", acknowledged: "accepted", exhausted: "no answer", missed: "missed", closed: "closed" },
    phase: { waiting: "Waiting for an answer", warned: "Warned", escalating: "Missed, paging now", acknowledged: "Accepted, in hand", exhausted: "Everybody was paged, no answer yet", kept: "Answered", paused: "Clock paused", closed: "Closed" },
    left: (time) => `${time} left`, late: (time) => `${time} late`, inTime: (time) => `in ${time}`, nowWord: "now", ago: (time) => `${time} ago`,
    units: ["m", "h", "d"], until: (time) => `quiet until ${time}`, by: (who) => `by ${who}`,
    noUnit: "Coordinator's desk", follow: "Follow the newest", hold: "Pin this one",
    next: "What comes next", nothingNext: "Nothing is waiting any more.", timeline: "What has happened", record: "Record progress",
    statuses: { verifikasi: "Verification", "cek lapangan": "Field check", pengerjaan: "Under way", selesai: "Done" },
    status: (status) => `Status: ${status}`, received: "received", deadline: "deadline",
    dial: (percent) => `Share of the time that has run: ${percent} per cent`,
    rungs: ["Officer", "Head", "Deadline", "Assistant", "Secretary", "Governor"],
    off: "Off", on: "On", turnOff: (name) => `Telephone of ${name}: on. Turn off`, turnOn: (name) => `Telephone of ${name}: off. Turn on`,
    phoneOff: "Telephone is off", type: (how) => `Reply by ${how}`, send: "Send", noMessages: "No messages yet",
    transport: { sms: "SMS", whatsapp: "WhatsApp", email: "E-mail" }, arrived: (how, who, text) => `${how} for ${who}: ${text}`,
    more: (count) => `and ${count} more messages`, openComplaint: (complaint) => `Show complaint ${complaint}`,
    failed: "That did not work. Try again.", refuse: "BUKAN WEWENANG",
  },
};

let language = new URLSearchParams(location.search).get("lang") === "en" ? "en" : "id";

/** The language shown: `id` or `en`. */
export const currentLanguage = () => language;

/** A word, a table of words or a phrase of the language shown. */
export const word = (key) => WORDS[language][key];

/** Of a pair of fields (`text`, `text_en`) the one in the language shown. */
export const said = (entry, field) => (language === "en" && entry[`${field}_en`]) || entry[field] || "";

/** Changes the language and keeps it in the address, so that a link shows what one sees. */
export function setLanguage(to) {
  language = to;
  const address = new URL(location.href);
  if (to === "id") address.searchParams.delete("lang");
  else address.searchParams.set("lang", to);
  history.replaceState(null, "", address);
  writeWords();
}

/** Puts the words into the fixed parts of the page. */
export function writeWords() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of document.querySelectorAll("[data-word-label]")) element.setAttribute("aria-label", word(element.dataset.wordLabel));
  for (const link of document.querySelectorAll("[data-lang]")) {
    if (link.dataset.lang === language) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

// Central Java keeps UTC+7 the whole year; the page shows that whatever the reader's own zone is.
const format = (options) => {
  const make = (locale) => new Intl.DateTimeFormat(locale, { timeZone: "Asia/Jakarta", ...options });
  const made = { id: make("id-ID"), en: make("en-GB") };
  return (at) => made[language].format(at);
};
const clockFormat = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dateFormat = format({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
const dayFormat = format({ day: "numeric", month: "short" });

/** `13.27`. */
export const clockText = (at) => clockFormat(at);
/** `Sel, 24 Nov 2026`. */
export const dateText = (at) => dateFormat(at);
/** `24 Nov 13.27`, or only the time on the same day as `now`. */
export const momentText = (at, now) => (dayFormat(at) === dayFormat(now) ? clockText(at) : `${dayFormat(at)} ${clockText(at)}`);

/** A length of time in at most two units: `2j 5m`. Takes milliseconds. */
export function lengthText(milliseconds) {
  const minutes = Math.max(0, Math.round(Math.abs(milliseconds) / 60000));
  const [m, hour, day] = word("units");
  if (minutes < 60) return `${minutes}${m}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 && hours < 10 ? `${hours}${hour} ${minutes % 60}${m}` : `${hours}${hour}`;
  return hours % 24 ? `${Math.floor(hours / 24)}${day} ${hours % 24}${hour}` : `${hours / 24}${day}`;
}
