// What steps that look at the screen have in common.

import type { Locator } from 'playwright-core';

/** Repeats `attempt` until it succeeds, for as long as a step may take. */
export async function until(attempt: () => Promise<boolean>, expected: () => string | Promise<string>) {
  const end = Date.now() + 60_000;
  while (!await attempt()) {
    if (Date.now() > end) throw new Error(`Waited in vain for ${await expected()}.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Whether something is to be seen within three seconds. */
export async function appears(locator: Locator): Promise<boolean> {
  try {
    await locator.waitFor({ timeout: 3_000 });
    return true;
  } catch {
    return false;
  }
}

export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
