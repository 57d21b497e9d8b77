/**
 * How many threads carry out the file calls of this process. Node's four are soon all waiting for an fsync; a disk commits what
 * is asked of it together, so that a dozen that wait take hardly longer than one.
 */
const FILE_THREADS = 16
/** Where nobody says how many (libuv). */
const PLAIN_THREADS = 4

/** To be called before the first file call that is not synchronous; later it does nothing. A user's own choice stays. */
export function takeFileThreads(): void {
  process.env.UV_THREADPOOL_SIZE ??= String(FILE_THREADS)
}

/** As many as there are. */
export function fileThreads(): number {
  const said = Number.parseInt(process.env.UV_THREADPOOL_SIZE ?? '', 10)
  return said >= 1 ? said : PLAIN_THREADS
}
