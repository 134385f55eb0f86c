import { startServer } from './language-server.js';

// The language server as a process of its own.
startServer();
