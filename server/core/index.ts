/** The facade: what hosts and the protocol edge may use of the core. */
export * from './syntax/document.js';
export { checkFile, type CheckedVm, type CheckOptions, type CheckResult } from './rules/check.js';
export { offersFor, type Offer } from './rules/offers.js';
export { RULES } from './rules/catalogue.js';
export type { Example, Finding, Fix, Level, Note, SealedRule } from './rules/rule.js';
export type { Plan, PlannedMap } from './dma/plan.js';
export type { Place } from './layout/place.js';
export type { World } from './layout/scope.js';
export { LIBRARY } from './std/generated/library.js';
export type { Span } from './text/span.js';
export { LineIndex, type Position } from './text/line-index.js';
export { applyEdits, type TextEdit } from './text/text-edit.js';
export { importFormat, IMPORT_FORMATS } from './formats/index.js';
