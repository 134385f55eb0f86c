// An extension for tests: the files that files.json beside it has, by their paths, as a file system in memory. It can't be searched: only extensions
// of VS Code's own makers can have theirs searched.

const { EventEmitter, FileChangeType, FileSystemError, FileType, Uri, workspace } = require('vscode');

exports.activate = async ({ extensionUri, subscriptions }) => {
  const packed = await workspace.fs.readFile(Uri.joinPath(extensionUri, 'files.json'));
  const files = new Map(Object.entries(JSON.parse(new TextDecoder().decode(packed))).map(([path, text]) => [path, new TextEncoder().encode(text)]));
  subscriptions.push(workspace.registerFileSystemProvider('memfs', fileSystem(files), { isCaseSensitive: true }));
};

/** What tests do to files, and no more: nothing is made, moved or deleted. */
function fileSystem(files) {
  const changed = new EventEmitter();
  const refuse = () => {
    throw FileSystemError.NoPermissions();
  };
  return {
    onDidChangeFile: changed.event,
    watch: () => ({ dispose() {} }),
    stat: ({ path }) => ({ ctime: 0, mtime: 0, ...(files.has(path) ? { type: FileType.File, size: files.get(path).length } : folder(files, path)) }),
    readDirectory: ({ path }) => inside(files, path),
    readFile: (uri) => files.get(uri.path) ?? missing(uri),
    writeFile(uri, bytes) {
      if (!files.has(uri.path)) refuse();
      files.set(uri.path, bytes);
      changed.fire([{ type: FileChangeType.Changed, uri }]);
    },
    createDirectory: refuse,
    delete: refuse,
    rename: refuse,
  };
}

function folder(files, path) {
  if (inside(files, path).length === 0) missing(path);
  return { type: FileType.Directory, size: 0 };
}

function inside(files, path) {
  const below = [...files.keys()].filter((file) => file.startsWith(`${path}/`)).map((file) => file.slice(path.length + 1).split('/'));
  return [...new Map(below.map(([name, ...rest]) => [name, rest.length > 0 ? FileType.Directory : FileType.File]))];
}

function missing(what) {
  throw FileSystemError.FileNotFound(what);
}
