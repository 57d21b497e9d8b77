/**
 * A process of a task that stood still when its supervisor was killed has not seen the channel end, and would go on over
 * the same database when it is woken. The next process of the task ends it first, known by its mark.
 */
import { readFileSync } from 'node:fs'
import { OperationalError } from '../../../wire/errors.js'
import { errorCode, replaceFile } from '../../host/durable.js'
import { lifeOf, ownMark, readMark } from '../../host/process-mark.js'

const GONE_MS = 1_000
const LOOK_MS = 5

/** Ends the process whose mark is in this file, and puts that of the running one there. */
export function succeed(path: string): void {
  const mark = readMark(read(path))
  if (mark !== null && mark.pid !== process.pid && lifeOf(mark) === 'alive') {
    process.kill(mark.pid, 'SIGKILL')
    const nap = new Int32Array(new SharedArrayBuffer(4))
    for (const end = performance.now() + GONE_MS; lifeOf(mark) === 'alive'; Atomics.wait(nap, 0, 0, LOOK_MS))
      if (performance.now() > end) throw new OperationalError(`process ${mark.pid} of an earlier anchor does not end`)
  }
  replaceFile(path, `${JSON.stringify(ownMark())}\n`)
}

/** Null where nothing can be read: nobody is ended over it. */
function read(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return null
    throw error
  }
}
