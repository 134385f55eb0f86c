// What can be mutated, and which tests are to notice: the few that aim at it. The random and the recorded tests notice
// most of it, too, and take minutes where these take seconds.

import { RULES } from '../../out/server/core/rules/catalogue.js';

/** Tests that judge whole layouts, and come to plans that way. */
const LAYOUT_TESTS = ['dma/golden', 'dma/vmms', 'dma/viommu', 'dma/compare', 'rules/overlap', 'rules/kvm', 'rules/hotplug', 'rules/policy', 'rules/vmm-tables', 'rules/examples'];

/** Sources (under server/core) and tests (under test) by target. */
const PARTS = {
  intervals: [['layout/intervals'], ['layout/intervals']],
  address: [['layout/address'], ['layout/address']],
  leaves: [['dma/leaves'], ['dma/leaves']],
  tables: [['dma/tables'], ['dma/tables', 'dma/leaves']],
  'range-tree': [['dma/range-tree'], ['dma/range-tree']],
  'usable-ranges': [['dma/usable-ranges'], ['dma/contract']],
  requests: [['dma/requests'], ['dma/requests', 'dma/vmms', 'dma/viommu', 'dma/compare', 'rules/hotplug']],
  contacts: [['dma/contacts'], ['dma/contacts', 'rules/overlap']],
  plan: [['dma/plan', 'dma/spaces'], LAYOUT_TESTS],
  type1: [['dma/type1'], ['dma/contract']],
  iommufd: [['dma/iommufd'], ['dma/contract']],
  hotplug: [
    ['dma/hotplug', 'dma/hotplug-blocks', 'dma/hotplug-conditions', 'dma/hotplug-pages', 'dma/hotplug-replay', 'dma/hotplug-sums', 'dma/hotplug-verify'],
    ['dma/hotplug', 'rules/hotplug'],
  ],
  stage2: [['dma/stage2'], ['dma/stage2']],
  slots: [['dma/memory-slots'], ['rules/kvm', 'dma/stage2']],
};

/** Tests of a group of rules, besides their examples. */
const GROUP_TESTS = {
  overlap: ['rules/overlap'],
  fragmentation: ['rules/fragmentation'],
  language: ['rules/language'],
  policy: ['rules/policy'],
  contract: ['rules/kvm'],
  hotplug: ['rules/hotplug'],
};

/** Every target: a name, compiled files to mutate, compiled tests, and which of their tests, if not all. */
export function allTargets() {
  const parts = Object.entries(PARTS).map(([name, [sources, tests]]) => ({
    name,
    mutate: sources.map((source) => `out/server/core/${source}.js`),
    spec: tests.map(specOf),
  }));
  return [...parts, ...RULES.map(ruleTarget)];
}

/** A rule is noticed by its own examples alone, of all that there are, and by the tests of its group. */
const ruleTarget = ({ name, group }) => ({
  name: `rules/${name}`,
  mutate: [`out/server/core/rules/${name}.js`],
  spec: ['rules/examples', ...(GROUP_TESTS[group] ?? [])].map(specOf),
  grep: `^(rule ${name} |(?!rule ))`,
});

const specOf = (test) => `out/test/${test}.test.js`;
