import { overviewOf } from '../syntax/survey.js';
import { textOf } from '../syntax/nodes.js';
import { sourcesOf } from '../layout/scope.js';
import { bad, defineLanguageRule, good } from './rule.js';

/** A vm is on a host, and lacks the value of a constant. */
export const valueMissing = defineLanguageRule({
  name: 'value-missing',
  level: 'warning',
  summary: 'A vm on a host lacks the value of a constant, so that it is taken for a model and not checked.',
  since: '0.1.0',
  why: `A vm with a constant without a value is a model: others are like it, and each gives the value. It isn't checked by
itself, as nothing can be worked out. A vm that says on which host it is, and that nothing in its file mentions, was hardly
meant so: a constant was forgotten or is spelled in another way, and no error is told of it because nothing is looked at.`,

  examples: [
    bad(`
      host lab { kernel 6.12 }

      vm small {
        const RAM
        ram low at 0 size RAM
      }

      vm web like small on lab {
         ^^^ \`RAM\` has no value, so \`web\` is a model, and nobody checks it
        label "the shop"
      }
    `),
    good(`
      host lab { kernel 6.12 }

      vm small {
        const RAM
        ram low at 0 size RAM
      }

      vm web like small on lab {
        const RAM = 2 GiB
      }
    `),
  ],

  // What is mentioned may be what another vm is like.
  isTold: ({ place }, { scope }) => !sourcesOf(place.path, place.item).some(({ declaration }) => overviewOf(scope.document).names.has(textOf(declaration.name) ?? '')),
});
