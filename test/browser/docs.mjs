// Reads a server's documentation in Chromium, light and dark, and tries a request from each reference. What is wrong
// goes to standard output, a line each: requests to other hosts, violations of the pages' policy, errors of scripts,
// answers other than 200, and what axe finds serious. Usage: node docs.mjs BASE_URL CHROMIUM
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [base, executablePath] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const patience = 60_000; // milliseconds, on a machine that is busy
let wrong = 0, visits = 0, tried = 0;

function report(...words) {
  wrong++;
  console.log(words.join(" "));
}

// watched returns a context that lets nothing out and reports what pages complain about.
async function watched(browser) {
  const context = await browser.newContext({ reducedMotion: "reduce", viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(patience);
  await context.addInitScript(() => addEventListener("securitypolicyviolation", (e) =>
    console.error(`the policy's ${e.effectiveDirective} forbids ${e.blockedURI || "what is inline"}`)));
  await context.route((url) => url.origin !== base, (route) => {
    report("a request to another host:", route.request().url());
    return route.abort();
  });
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) report(message.page()?.url(), "says:", message.text());
  });
  context.on("weberror", (e) => report(e.page()?.url(), "fails:", e.error().stack));
  return context;
}

// accessible reports what axe still finds serious once the page has come to rest.
async function accessible(page, options) {
  const until = Date.now() + 10_000;
  for (;;) {
    await page.evaluate(() => document.getAnimations().forEach((a) => a.finish()));
    const { violations } = await page.evaluate((o) => axe.run(o), { resultTypes: ["violations"], preload: false, ...options });
    const serious = violations.filter((v) => ["serious", "critical"].includes(v.impact)).flatMap((v) =>
      v.nodes.map((n) => [v.id, n.target.join(" "), n.failureSummary].join(" ")));
    if (serious.length === 0) return;
    if (Date.now() > until) {
      for (const words of serious.slice(0, 10)) report(page.url(), words);
      return;
    }
  }
}

// legible looks at a page in light and in dark.
async function legible(page) {
  await page.evaluate(axe + ";0");
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const isDark = Number(/\d+/.exec(background)[0]) < 128;
    if (isDark !== (colorScheme === "dark")) report(page.url(), colorScheme, "is", background);
    await accessible(page, isDark ? { runOnly: ["color-contrast"] } : {}); // the only rule about colours
  }
}

// tryOut sends the first request of a reference from its page, and expects the page to show that it was answered 200.
async function tryOut(page) {
  await page.getByRole("button", { name: /Test Request/ }).first().click();
  const answered = page.waitForResponse((r) => !/^\/docs\/|\/openapi\.json$/.test(new URL(r.url()).pathname));
  await page.getByRole("button", { name: /^Send/ }).first().click();
  const response = await answered;
  if (response.status() !== 200) {
    report(page.url(), "is answered", response.status(), "to", response.url(), await response.text());
    return;
  }
  await page.getByText("200 OK").first().waitFor();
  tried++;
}

// visit goes to a page, waits for what it shows, and looks at it.
async function visit(page, path) {
  const response = await page.goto(base + path);
  if (response.status() !== 200) report(path, "is answered", response.status());
  const isReference = path.startsWith("/docs/api/");
  if (isReference) await page.getByRole("button", { name: /Test Request/ }).first().waitFor();
  if (path === "/docs/compare") await page.locator(".answers table").nth(1).waitFor();
  await legible(page);
  if (isReference) await tryOut(page);
  if (path === "/docs/compare") await compared(page);
  visits++;
}

// compared expects each dialect twice, with its figures.
async function compared(page) {
  for (const text of await page.locator(".answers tbody tr").allInnerTexts()) {
    if (!/\t200\t[\d,]+\t[\d,]+\t[\d,]+\t/.test(text)) report(page.url(), "shows", JSON.stringify(text));
  }
}

// places returns where the first page leads to: all references, the comparison, and a page of each other kind.
async function places(page) {
  await page.goto(base + "/docs/");
  const paths = await page.locator("a[href^='/docs/']").evaluateAll((links) => links.map((a) => new URL(a.href).pathname));
  const kinds = new Map([...new Set(paths)].map((path) => [path.startsWith("/docs/api/") ? path : path.split("/")[2], path]));
  return [...kinds.values()];
}

// look visits all places in one page, which has Scalar's script compiled but once.
async function look(browser) {
  const page = await (await watched(browser)).newPage();
  for (const path of await places(page)) await visit(page, path);
}

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
try {
  await look(browser);
} finally {
  await browser.close();
}
console.error(`${visits} visits, ${tried} requests tried, ${wrong} wrong`);
process.exitCode = wrong > 0 ? 1 : 0;
