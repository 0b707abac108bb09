// Answers a survey in a real Chromium as customers do: on a phone, on a desk, in the dark,
// in English, by keyboard alone, and without scripts. It says what is wrong and ends with 1.
// Arguments: the browser, the folder for screenshots, and a link for each of those ways.
const {chromium} = require('playwright-core');
const {hold, look, end} = require('./look');

const [browser, shots, ...links] = process.argv.slice(2);
const ways = {
  phone: {viewport: {width: 320, height: 700}, hasTouch: true, isMobile: true},
  desk: {viewport: {width: 1000, height: 900}},
  dark: {viewport: {width: 390, height: 800}, colorScheme: 'dark'},
  english: {viewport: {width: 768, height: 1024}},
};

// answer goes through both steps with every mistake on the way.
async function answer(b, name, options, link) {
  const context = await b.newContext(options);
  const page = await context.newPage();
  await page.goto(link);
  await look(page, shots, `${name}-1`);
  await page.click('button');
  await look(page, shots, `${name}-1-wrong`);
  hold(await page.evaluate(() => document.activeElement.getAttribute('role') === 'alert'), `${name}: the mistakes are not where the focus is`);
  await page.goto(`${link}?v=2`); // the mail's link: a script sends it
  await page.waitForSelector('textarea');
  await look(page, shots, `${name}-2`);
  hold(!(await page.isVisible('#phone')), `${name}: a number is asked for before a call is`);
  await page.check('#call');
  await page.fill('textarea', 'Colis livré en retard.');
  await page.click('button');
  await look(page, shots, `${name}-2-wrong`);
  await page.fill('#phone', '06 39 98 20 11');
  await page.selectOption('#slot', {index: 1});
  await page.click('button');
  await page.waitForFunction(() => !document.querySelector('form'));
  await look(page, shots, `${name}-done`);
  await takeBack(page, name, link);
  await context.close();
}

// takeBack clears what was said, and finds it cleared.
async function takeBack(page, name, link) {
  await page.goto(link);
  hold((await page.inputValue('textarea')) !== '' && (await page.isChecked('#call')), `${name}: what was answered is not there to be corrected`);
  await page.uncheck('#call');
  await page.fill('textarea', '');
  await page.click('button');
  await page.waitForFunction(() => !document.querySelector('form'));
  await page.goto(link);
  hold((await page.inputValue('textarea')) === '' && !(await page.isChecked('#call')), `${name}: what was cleared is still there`);
}

// byKeyboard presses Tab, Space, the arrows and Enter, and nothing else.
async function byKeyboard(b, link) {
  const page = await (await b.newContext()).newPage();
  const press = async (...keys) => {
    for (const k of keys) await page.keyboard.press(k);
  };
  const at = () => page.evaluate(() => document.activeElement.id || document.activeElement.name || document.activeElement.tagName);
  await page.goto(link);
  await press('Tab', 'Tab', 'Space', 'ArrowRight', 'ArrowRight');
  hold((await page.evaluate(() => document.querySelector('input:checked').value)) === '2', 'keyboard: the arrows do not choose');
  await press('Tab');
  hold((await at()) === 'BUTTON', 'keyboard: the button does not follow the values');
  await press('Enter');
  await page.waitForSelector('textarea');
  for (let n = 0; (await at()) !== 'q-why' && n < 10; n++) await press('Tab');
  await page.keyboard.type('Personne au téléphone.');
  for (let n = 0; (await at()) !== 'BUTTON' && n < 10; n++) await press('Tab');
  await press('Enter');
  await page.waitForFunction(() => !document.querySelector('form'));
}

async function withoutScripts(b, link) {
  const page = await (await b.newContext({javaScriptEnabled: false})).newPage();
  await page.goto(`${link}?v=4`);
  hold(await page.isChecked('input[value="4"]'), 'without scripts: what the mail chose is not chosen');
  await page.click('button');
  await page.fill('textarea', 'Sans script.');
  await page.click('button');
  hold((await page.locator('form').count()) === 0, 'without scripts: it does not end');
}

(async () => {
  const b = await chromium.launch({executablePath: browser, args: ['--no-sandbox']});
  let n = 0;
  for (const [name, options] of Object.entries(ways)) await answer(b, name, options, links[n++]);
  await byKeyboard(b, links[n++]);
  await withoutScripts(b, links[n++]);
  await b.close();
  end('page', shots);
})().catch((err) => {
  console.error(err);
  process.exit(1);
});
