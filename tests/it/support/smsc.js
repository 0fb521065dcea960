// An SMSC on the node-smpp library, for the tests: node smsc.js PORT.
//
// Every message for a telephone is a line of JSON on standard output. What becomes of it is told by
// the last two digits of the number: 99 undeliverable, 77 expired, 88 throttled twice and then
// taken, 11 a wrong address, 66 no receipt yet, all others delivered. A line {"from", "text"} on
// a connection to PORT + 1 is a telephone that sends, {"from", "receipt"} a receipt of the last
// message to it; it is answered with what we answered the SMSC.
'use strict';
const net = require('net');
const smpp = require('smpp');

const port = Number(process.argv[2]);
const password = 'rahasia1';
const say = (what) => console.log(JSON.stringify(what));
const sessions = new Set();
const throttled = new Map();
const last = new Map();
let count = Date.now() % 1000000;

function state(to) {
  if (to.endsWith('99')) return 'UNDELIV';
  if (to.endsWith('77')) return 'EXPIRED';
  return 'DELIVRD';
}

function submit(session, pdu) {
  const to = pdu.destination_addr;
  const refuse = (status) => session.send(pdu.response({ command_status: status }));
  if (to.endsWith('11')) return refuse(smpp.ESME_RINVDSTADR);
  if (to.endsWith('88')) {
    const times = (throttled.get(to) || 0) + 1;
    throttled.set(to, times);
    if (times <= 2) {
      say({ event: 'throttled', to });
      return refuse(smpp.ESME_RTHROTTLED);
    }
  }
  count += 1;
  last.set(to, count);
  const message = pdu.short_message;
  const udh = message.udh ? message.udh.map((part) => part.toString('hex')) : [];
  say({
    event: 'message',
    to,
    from: pdu.source_addr,
    text: message.message,
    udh,
    coding: pdu.data_coding,
    esm_class: pdu.esm_class,
    registered: pdu.registered_delivery,
    source_ton: pdu.source_addr_ton,
  });
  // The answer in hexadecimal digits, the receipt in decimal ones, as some SMSCs have it.
  session.send(pdu.response({ message_id: count.toString(16) }));
  if (!pdu.registered_delivery || to.endsWith('66')) return;
  receipt(session, to, count, state(to), (answer) =>
    say({ event: 'receipt_answered', to, status: answer.command_status }),
  );
}

function receipt(session, to, number, stat, answered) {
  const id = String(number).padStart(10, '0');
  const delivered = stat === 'DELIVRD';
  session.deliver_sm(
    {
      source_addr: to,
      source_addr_ton: 1,
      destination_addr: '85001',
      esm_class: 4,
      short_message:
        `id:${id} sub:001 dlvrd:00${delivered ? 1 : 0} submit date:2611240645 ` +
        `done date:2611240646 stat:${stat} err:${delivered ? '000' : '001'} text:SIAGA`,
    },
    answered,
  );
}

smpp
  .createServer({}, (session) => {
    session.on('error', () => session.close());
    session.on('close', () => sessions.delete(session));
    session.on('bind_transceiver', (pdu) => {
      const known = pdu.system_id === 'siaga' && pdu.password === password;
      say({ event: known ? 'bound' : 'refused', version: pdu.interface_version });
      session.send(
        pdu.response({ command_status: known ? 0 : smpp.ESME_RINVPASWD, system_id: 'SMSC' }),
      );
      if (known) sessions.add(session);
      else session.close();
    });
    session.on('enquire_link', (pdu) => session.send(pdu.response()));
    session.on('unbind', (pdu) => {
      say({ event: 'unbound' });
      session.send(pdu.response());
      session.close();
    });
    session.on('submit_sm', (pdu) => submit(session, pdu));
  })
  .listen(port, '127.0.0.1', () => {
    net
      .createServer((telephone) => {
        let heard = '';
        telephone.on('error', () => {});
        telephone.on('data', (data) => {
          heard += data;
          for (let end = heard.indexOf('\n'); end >= 0; end = heard.indexOf('\n')) {
            const { from, text, udh, receipt: stat } = JSON.parse(heard.slice(0, end));
            heard = heard.slice(end + 1);
            const [session] = sessions;
            const answered = (answer) => telephone.write(`${answer.command_status}\n`);
            if (stat) {
              receipt(session, from, last.get(from), stat, answered);
              continue;
            }
            const message = udh ? { udh: Buffer.from(udh, 'hex'), message: text } : text;
            session.deliver_sm(
              {
                source_addr: from,
                source_addr_ton: 1,
                destination_addr: '85001',
                short_message: message,
              },
              answered,
            );
          }
        });
      })
      .listen(port + 1, '127.0.0.1', () => say({ event: 'listening' }));
  });
