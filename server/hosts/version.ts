/** The program's version: that of package.json, which a bundle doesn't have beside it; a test compares them. */
export const VERSION = '0.1.0';
