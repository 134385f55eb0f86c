// Preloaded into a server whose memory is measured: when it is asked, it collects what nobody holds and answers with the bytes
// of its heap that are in use.
process.on('message', () => {
  globalThis.gc();
  process.send(process.memoryUsage().heapUsed);
});
process.channel.unref();
