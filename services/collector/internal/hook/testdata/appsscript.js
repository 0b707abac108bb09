// What Apps Script offers, as far as sample/hooks/googleforms.gs uses it: this runs it and
// prints the calls that it makes. process.argv: the script, and the answers to its calls,
// as 503,200.
const crypto = require('crypto');
const fs = require('fs');
const vm = require('vm');

const answers = process.argv[3].split(',').map(Number);
const calls = [];
const properties = {RAPPEL_URL: 'https://rappel.example.org/v1/hooks/googleforms/e', RAPPEL_SECRET: 'whsec_cXVpdGUgYSBsb25nIHNlY3JldA=='};
const signed = (b) => [...b].map((x) => (x > 127 ? x - 256 : x)); // bytes, as Apps Script has them
const unsigned = (b) => Buffer.from(b.map((x) => x & 255));
const item = (id, title, type, response) => ({
  getItem: () => ({getId: () => id, getTitle: () => title, getType: () => type}),
  getResponse: () => response,
});
const response = {
  getId: () => '2_ABaOnudDemoResponse',
  getTimestamp: () => new Date('2026-09-14T08:02:47.123Z'),
  getRespondentEmail: () => 'client@example.org',
  getItemResponses: () => [
    item(1400000001, 'Recommanderiez-vous notre service ? (0-10)', 'SCALE', '2'),
    item(1400000002, 'Pourquoi cette note ?', 'PARAGRAPH_TEXT', 'Colis livré avec six jours de retard.'),
  ],
};
const world = {
  console: {error() {}},
  Utilities: {
    base64Decode: (s) => signed(Buffer.from(s, 'base64')),
    base64Encode: (b) => unsigned(b).toString('base64'),
    newBlob: (s) => ({getBytes: () => signed(Buffer.from(s, 'utf8'))}),
    computeHmacSha256Signature: (v, k) => signed(crypto.createHmac('sha256', unsigned(k)).update(unsigned(v)).digest()),
  },
  LockService: {getScriptLock: () => ({waitLock() {}, releaseLock() {}})},
  PropertiesService: {getScriptProperties: () => ({getProperty: (k) => properties[k] ?? null, setProperty: (k, v) => (properties[k] = v)})},
  FormApp: {getActiveForm: () => ({getId: () => '18Xgmr4XQb-demoForm', getResponse: (id) => (id === response.getId() ? response : null)})},
  UrlFetchApp: {
    fetch: (url, o) => {
      calls.push({url, headers: o.headers, body: o.payload});
      const code = answers[calls.length - 1];
      if (!code) throw new Error('no answer');
      return {getResponseCode: () => code};
    },
  },
};
vm.createContext(world);
vm.runInContext(fs.readFileSync(process.argv[2], 'utf8'), world);
world.onRappelSubmit({response, triggerUid: '4034124084959907503'});
while (calls.length < answers.length) world.onRappelHour();
world.onRappelHour(); // nothing waits any more
console.log(JSON.stringify({calls, waiting: JSON.parse(properties.RAPPEL_WAITING)}));
