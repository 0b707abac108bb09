// Looks at a page as axe does, and takes a picture of it.
const {AxeBuilder} = require('@axe-core/playwright');
const path = require('path');

const wrong = [];
const hold = (ok, what) => {
  if (!ok) wrong.push(what);
};

async function look(page, shots, name) {
  const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const {violations} = await new AxeBuilder({page}).withTags(rules).analyze();
  for (const v of violations) wrong.push(`${name}: ${v.id}: ${v.help} (${v.nodes.map((n) => n.target).join(', ')})`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  hold(!wide, `${name}: it scrolls sideways`);
  await page.screenshot({path: path.join(shots, `${name}.png`), fullPage: true});
}

// end says what is wrong, and ends with 1 when something is.
function end(what, shots) {
  if (wrong.length) {
    console.error(wrong.join('\n'));
    process.exit(1);
  }
  console.log(`${what}: all well; look at ${shots}`);
}

module.exports = {hold, look, end};
