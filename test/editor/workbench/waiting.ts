// What steps that look at the screen have in common.

import type { Locator } from 'playwright-core';

/** Repeats `attempt` until it succeeds, for as long as a step may take. */
export async function until(attempt: () => Promise<boolean>, expected: () => string | Promise<string>) {
  if (!await within(60_000, attempt)) throw new Error(`Waited in vain for ${await expected()}.`);
}

/** Whether something comes true within three seconds. */
export const soon = (isTrue: () => Promise<boolean>): Promise<boolean> => within(SOON, isTrue);

const SOON = 3_000;

async function within(milliseconds: number, attempt: () => Promise<boolean>): Promise<boolean> {
  const end = Date.now() + milliseconds;
  while (!await attempt()) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

/** Whether something is to be seen within three seconds. */
export async function appears(locator: Locator): Promise<boolean> {
  try {
    await locator.waitFor({ timeout: SOON });
    return true;
  } catch {
    return false;
  }
}

export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
