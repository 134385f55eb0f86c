// The command line that comes with the extension, run by the executable that the extension runs in.

import type { ExtensionContext } from 'vscode';

export const programOf = (context: ExtensionContext): string => context.asAbsolutePath('dist/vmlayout.cjs');

/** The desktop’s own executable is Node where it is told so; Node itself doesn’t mind. */
export const AS_NODE = { ELECTRON_RUN_AS_NODE: '1' };
