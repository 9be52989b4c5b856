import { setTimeout as sleep } from 'node:timers/promises';

/** Reads all members of a company from Kaiten. */
export async function members(baseURL, headers, wait = sleep) {
  const all = [];
  for (;;) {
    const url = `${baseURL}/api/latest/company/users?for_members_section=true&limit=100&offset=${all.length}`;
    const page = await get(url, headers, wait);
    all.push(...page);
    if (page.length < 100) return all;
  }
}

/** Asks until there is an answer, or for good there is none. */
async function get(url, headers, wait) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await fetch(url, { headers: { 'User-Agent': 'connector/1.0', ...headers } });
      if (answer.ok) return await answer.json();
      if (answer.status !== 429 && answer.status < 500) throw new Refused(`${answer.status} ${await answer.text()}`);
      if (attempt < 6) await wait(1000 * Number(answer.headers.get('Retry-After') ?? 0.2 * 2 ** attempt));
    } catch (err) {
      if (err instanceof Refused) throw err;
      if (attempt < 6) await wait(200 * 2 ** attempt); // the connection broke, or the body is none
    }
    if (attempt === 6) throw new Error(`${url} is not answered`);
  }
}

class Refused extends Error {}
