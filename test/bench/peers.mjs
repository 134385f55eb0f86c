// The language servers of others, with a small schema.
import path from 'node:path';
import { SCHEMA } from './json-document.mjs';
import { startServer } from './language-server.mjs';

const modules = path.join(import.meta.dirname, 'node_modules');

/** VS Code's own JSON server, asked for diagnostics. */
export const startJson = (text, settings = {}) =>
  startServer([path.join(modules, 'vscode-langservers-extracted/bin/vscode-json-language-server'), '--stdio'], {
    text,
    languageId: 'json',
    answers: 'pull',
    path: '/layout.json',
    ready: (wire) => wire.notify('workspace/didChangeConfiguration', { settings: { json: { validate: { enable: true }, schemas: [SCHEMA] } } }),
    ...settings,
  });

/** Red Hat's YAML server; the text names its schema. */
export const startYaml = (text) =>
  startServer([path.join(modules, 'yaml-language-server/bin/yaml-language-server'), '--stdio'], { text, languageId: 'yaml', path: '/layout.yaml' });
