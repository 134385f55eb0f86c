/** The folder that a path or a URI with `/` leads to, with a slash at its end; empty where it names a file alone. */
export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

/** The name of the file that a path or a URI with `/` leads to. */
export const fileNameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
