import assert from 'node:assert/strict';
import type { Plan } from '../../server/core/dma/plan.js';
import { check } from '../support/check.js';

/** The plan of one vm on one host, each given as what stands in its braces. A layout that isn't understood fails the test. */
export function planOn(host: string, guest: string): Plan {
  const { result } = check(`host box {\n${host}\n}\nvm web on box {\n${guest}\n}\n`);
  const errors = result.findings.filter(({ rule }) => LANGUAGE.has(rule));
  assert.deepEqual(errors.map(({ rule, message }) => `${rule}: ${message}`), []);
  const plan = result.vms[0]?.plan;
  assert.ok(plan);
  return plan;
}

const LANGUAGE: ReadonlySet<string> = new Set(['syntax', 'unknown-name', 'type-mismatch', 'value-range', 'duplicate-name', 'cycle']);
