/** Reads one file again and again until its input ends; then says how often, how many texts, and how often it was missing. */
import { readFileSync } from 'node:fs'

const [path = ''] = process.argv.slice(2)
const texts = new Set<string>()
let reads = 0
let missing = 0
let isOver = false
process.stdin.resume().on('end', () => (isOver = true))
process.stdout.write('reading\n')

function read(): void {
  for (let count = 0; count < 100; count++) {
    reads++
    try {
      texts.add(readFileSync(path, 'utf8'))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
      missing++
    }
  }
  if (!isOver) setImmediate(read)
  else process.stdout.write(`${JSON.stringify({ reads, missing, texts: texts.size })}\n`)
}

read()
