import { takesProperty } from '../syntax/vocabulary.js';
import { withProperty } from './edits.js';
import type { Finding, Fix } from './rule.js';

/** What stands for the reason until somebody writes theirs: a waiver without one doesn't waive. */
const NO_REASON_YET = 'say why this is right here';

/** The way out of every finding on an element that takes `allow`: a waiver, for which the reason is left to write. */
export function waiverFor({ rule, element }: Finding): Fix[] {
  if (!element || element.properties.has('allow') || !takesProperty(element.keyword, 'allow')) return [];
  const edit = withProperty(element, 'allow', `${rule} because "${NO_REASON_YET}"`);
  return [{ title: `Allow ${rule} on \`${element.name || element.keyword}\`, with a reason`, safe: false, edits: [edit] }];
}
