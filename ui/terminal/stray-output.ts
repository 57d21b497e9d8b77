/**
 * Text that node or a library prints while the console is open (warnings, console.log) would tear the picture: it is
 * caught, shown as a message, and printed when the terminal is back.
 */
import { Console } from 'node:console'
import { Writable } from 'node:stream'

/** Older lines are dropped. */
const MAX_LINES = 100

/** Answers how to give the streams back; that prints what was caught. */
export function catchStrayOutput(heard: (line: string) => void): () => void {
  const caught: string[] = [] // at most MAX_LINES
  const keep = (text: string) => {
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue
      caught.push(line)
      if (caught.length > MAX_LINES) caught.shift()
      heard(line)
    }
  }
  const sink = new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _encoding, done) {
      keep(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'))
      done()
    },
  })
  const { console: oldConsole } = globalThis
  const write = process.stderr.write
  globalThis.console = new Console({ stdout: sink, stderr: sink })
  process.stderr.write = sink.write.bind(sink)
  return () => {
    globalThis.console = oldConsole
    process.stderr.write = write
    for (const line of caught) process.stderr.write(`${line}\n`)
  }
}
