import type { Host } from '../layout/model.js';

/**
 * What a host is to a guest that never asks for `host`: all its facts but its name and where it was written. Two hosts
 * of the same class get the same plan and the same findings.
 */
export function hostClass(host: Host): string {
  const known = classes.get(host);
  if (known !== undefined) return known;
  const { name: _name, ...facts } = host;
  const text = JSON.stringify(facts, (key, value: unknown) => (key === 'element' ? undefined : typeof value === 'bigint' ? `${value}n` : value));
  classes.set(host, text);
  return text;
}

const classes = new WeakMap<Host, string>();
