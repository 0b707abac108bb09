// Answers an open survey in a real Chromium: on its own page, and in a page of another
// origin, as the snippet puts it there; and sees that a site which is not named shows none.
// Arguments: the browser, the folder for screenshots, the collector, the ports of the site
// that is named and of one that is not, and the snippet.
const {chromium} = require('playwright-core');
const {hold, look, end} = require('./look');
const http = require('http');

const [browser, shots, collector, shopPort, strangerPort, snippet] = process.argv.slice(2);
const phone = {viewport: {width: 320, height: 700}, hasTouch: true, isMobile: true};

// site serves a page that the snippet stands in, far down.
function site(port) {
  const page = `<!doctype html><html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Boutique</title></head><body><main><h1>Merci pour votre commande</h1><p style="height:900px">Elle part demain.</p>${snippet}
<p><a href="#">Suite</a></p></main></body></html>`;
  const server = http.createServer((_, w) => w.writeHead(200, {'Content-Type': 'text/html; charset=utf-8'}).end(page));
  return new Promise((done) => server.listen(port, '127.0.0.1', () => done(server)));
}

const frameOf = (page) => page.frames().find((f) => f.url().startsWith(collector));
const height = (page) => page.evaluate(() => document.querySelector('iframe').getBoundingClientRect().height);
// fits waits until the frame is as high as what it shows.
const fits = async (page) => {
  const inner = await frameOf(page).evaluate(() => Math.ceil(document.documentElement.getBoundingClientRect().height));
  await page.waitForFunction((h) => Math.abs(document.querySelector('iframe').getBoundingClientRect().height - h) <= 1, inner);
};

// alone fills in the contact on the survey's own page, with every mistake on the way.
async function alone(b, name, options) {
  const page = await (await b.newContext(options)).newPage();
  await page.goto(`${collector}/o/apres-achat?lang=fr`);
  await look(page, shots, `${name}-1`);
  await page.check('[type=radio][value="1"]', {force: true});
  await page.click('button');
  await page.waitForSelector('textarea');
  hold(!(await page.isVisible('#name')), `${name}: a name is asked for before a call is`);
  await page.check('#call');
  await look(page, shots, `${name}-2`);
  await page.fill('#name', 'Camille Exemple');
  await page.fill('#email', 'camille@');
  await page.click('button');
  await page.waitForSelector('#phone-wrong');
  await look(page, shots, `${name}-2-wrong`);
  hold((await page.inputValue('#name')) === 'Camille Exemple', `${name}: a name is lost by a mistake`);
  await page.fill('#phone', '06 39 98 20 11');
  await page.fill('#email', 'camille@example.org');
  await page.click('button');
  await page.waitForFunction(() => !document.querySelector('form'));
  await look(page, shots, `${name}-done`);
  await page.click('text=Modifier');
  await page.waitForSelector('#call:checked');
  await look(page, shots, `${name}-again`);
}

// embedded answers by keyboard alone in the frame, from end to end.
async function embedded(b, name, options) {
  const context = await b.newContext(options);
  const page = await context.newPage();
  const errors = [];
  await page.addInitScript(() => { window.bare = Object.keys(window); });
  page.on('pageerror', (e) => errors.push(e.message));
  await page.goto(`http://127.0.0.1:${shopPort}/`);
  hold((await page.evaluate(() => document.querySelector('iframe').loading)) === 'lazy', `${name}: it does not load lazily`);
  await page.evaluate(() => document.querySelector('iframe').scrollIntoView());
  await page.waitForFunction(() => document.querySelector('iframe').style.visibility === 'visible');
  await fits(page);
  hold((await page.locator('iframe').getAttribute('title')) === 'Votre achat', `${name}: the frame has no title`);
  hold((await page.locator('script').count()) === 0, `${name}: the script is still there`);
  const globals = await page.evaluate(() => Object.keys(window).filter((k) => k !== 'bare' && k !== '0' && !window.bare.includes(k)));
  hold(globals.length === 0, `${name}: it leaves ${globals.join(', ')} in the page`);
  const before = await height(page);
  await look(page, shots, `${name}-1`);

  const press = async (...keys) => {
    for (const k of keys) await page.keyboard.press(k);
  };
  const at = () => frameOf(page).evaluate(() => document.activeElement.id || document.activeElement.tagName);
  const tabTo = async (id) => {
    for (let n = 0; (await at()) !== id && n < 25; n++) await press('Tab');
    hold((await at()) === id, `${name}: Tab does not reach ${id}`);
  };
  const shows = (selector) => page.frameLocator('iframe').locator(selector).first().waitFor();
  await press('Tab');
  await tabTo('q-satisfied');
  await press('Space');
  await tabTo('BUTTON');
  await press('Enter');
  await shows('textarea');
  await tabTo('q-why');
  await page.keyboard.type('La caisse ne prend pas ma carte.');
  await fits(page);
  const closed = await height(page);
  hold(closed !== before, `${name}: the frame's height does not follow`);
  await tabTo('call');
  await press('Space');
  await shows('#name');
  await fits(page);
  hold((await height(page)) > closed + 100, `${name}: the frame does not grow with what it asks`);
  await look(page, shots, `${name}-2`);
  await tabTo('email');
  await page.keyboard.type('camille@');
  await tabTo('BUTTON');
  await press('Enter');
  await shows('#phone-wrong');
  hold(await frameOf(page).evaluate(() => document.activeElement.getAttribute('role') === 'alert'), `${name}: the mistakes are not where the focus is`);
  await fits(page);
  await look(page, shots, `${name}-2-wrong`);
  await tabTo('phone');
  await page.keyboard.type('06 39 98 20 12');
  await tabTo('email');
  await press('End');
  await page.keyboard.type('example.org');
  await tabTo('BUTTON');
  await press('Enter');
  await shows('text=Merci de nous');
  await fits(page);
  await look(page, shots, `${name}-done`);
  hold((await height(page)) < closed, `${name}: the frame does not shrink`);
  const seen = await page.evaluate(() => document.querySelector('iframe').getBoundingClientRect().top >= -1);
  hold(seen, `${name}: the end is out of sight`);
  hold((await context.cookies()).length === 0, `${name}: it sets a cookie`);
  hold(errors.length === 0, `${name}: ${errors.join('; ')}`);
}

// spoofed sends the message of the frame from elsewhere.
async function spoofed(b) {
  const page = await (await b.newContext()).newPage();
  await page.goto(`http://127.0.0.1:${shopPort}/`);
  await page.evaluate(() => document.querySelector('iframe').scrollIntoView());
  await page.waitForFunction(() => document.querySelector('iframe').style.visibility === 'visible');
  await fits(page);
  const before = await height(page);
  await page.evaluate(() => new Promise((done) => {
    window.addEventListener('message', () => setTimeout(done, 0));
    window.postMessage({rappel: 'height', height: 9999}, '*');
  }));
  hold((await height(page)) === before, "widget: it obeys a message that is not its frame's");
}

// refused looks at a site that the survey does not name.
async function refused(b) {
  const page = await (await b.newContext()).newPage();
  await page.goto(`http://127.0.0.1:${strangerPort}/`);
  await page.evaluate(() => document.querySelector('iframe').scrollIntoView());
  await page.waitForFunction(() => document.querySelector('iframe').style.height === '0px');
  hold(!frameOf(page), 'widget: a site that is not named shows the survey');
  hold(!(await page.isVisible('iframe')), 'widget: a site that is not named shows something');
}

// withoutScripts answers in the plain frame.
async function withoutScripts(b) {
  const page = await (await b.newContext({javaScriptEnabled: false})).newPage();
  await page.goto(`http://127.0.0.1:${shopPort}/`);
  const frame = page.frameLocator('iframe');
  await frame.locator('[type=radio][value="4"]').check({force: true});
  await frame.locator('button').click();
  await frame.locator('textarea').fill('Sans script.');
  await frame.locator('button').click();
  await frame.locator('text=Merci de votre réponse').waitFor();
}

// overHTTP answers where the browser does not say Sec-Fetch-Site: under a name, by plain HTTP.
async function overHTTP(b) {
  const page = await (await b.newContext()).newPage();
  await page.goto(`${collector.replace('127.0.0.1', 'plain.example')}/o/apres-achat`);
  await page.locator('[type=radio][value="3"]').check({force: true});
  await page.click('button');
  await page.waitForSelector('textarea');
}

(async () => {
  const b = await chromium.launch({executablePath: browser, args: ['--no-sandbox', '--host-resolver-rules=MAP plain.example 127.0.0.1']});
  const sites = [await site(shopPort), await site(strangerPort)];
  await alone(b, 'open-phone', phone);
  await alone(b, 'open-dark', {viewport: {width: 390, height: 800}, colorScheme: 'dark'});
  await embedded(b, 'widget-phone', phone);
  await embedded(b, 'widget-desk', {viewport: {width: 1000, height: 900}});
  await spoofed(b);
  await refused(b);
  await withoutScripts(b);
  await overHTTP(b);
  await b.close();
  for (const s of sites) s.close();
  end('widget', shots);
})().catch((err) => {
  console.error(err);
  process.exit(1);
});
