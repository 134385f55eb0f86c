import picomatch from 'picomatch/posix.js';
import type { Configuration } from './configuration.js';

/** Whether a configuration takes a file where nobody names it; `name` is its path from the folder of the configuration, with `/`. */
export function isIncluded(name: string, configuration: Configuration): boolean {
  const { included, excluded } = matchersOf(configuration);
  return included(name) && !excluded(name);
}

type Matcher = (name: string) => boolean;

const matchers = new WeakMap<Configuration, { readonly included: Matcher; readonly excluded: Matcher }>();

function matchersOf(configuration: Configuration): { readonly included: Matcher; readonly excluded: Matcher } {
  const { include, exclude } = configuration;
  const known = matchers.get(configuration) ?? { included: include ? picomatch(include.map(whole)) : () => true, excluded: picomatch(exclude.map(whole)) };
  matchers.set(configuration, known);
  return known;
}

/** `./layouts/` stands for all that is in it, and so does `layouts`. */
function whole(glob: string): string {
  const bare = glob.replace(/^\.\//, '');
  return picomatch.scan(bare).isGlob ? bare.replace(/\/$/, '/**') : `${bare.replace(/\/*$/, '')}/**`;
}
