/** Fills a small disk by way of a folder on it: with frames, by copies, with small files. Says what came of it, as JSON. */
import { existsSync, openSync, readdirSync, readFileSync, statfsSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { blockCount, blockSizeOf } from '../../../src/folder/content.js'
import { FolderThread } from '../../../src/host/folder/folder-thread.js'
import { ScanCalls } from '../../../src/host/folder/scan-calls.js'
import { WriteCalls } from '../../../src/host/folder/write-calls.js'
import type { Answers } from '../../../src/host/folder/write-messages.js'
import { jobOf, stateAt } from '../folder-disk.js'
import { Index } from '../folder-scanning.js'
import { called } from '../support.js'

const [root = ''] = process.argv.slice(2)
const thread = new FolderThread(root, {
  receive: (message) => {
    if (message.kind === 'answer') calls.receive(message)
    else if (message.kind !== 'warning') scan.receive(message)
  },
  ended: (reason) => {
    throw new Error(reason)
  },
})
const scan = new ScanCalls((request) => thread.send(request))
const calls = new WriteCalls((request) => thread.send(request))
const bytes = Buffer.alloc(1 << 20, 7)
const block = blockSizeOf(bytes.length)
const indexes = Array.from({ length: blockCount(bytes.length) }, (_, index) => index)
writeFileSync(join(root, 'source'), bytes)
await called('the folder', (done) => scan.open(null, [], new Index(), done))
let assembly = 0
/** In the temporary directory when a frame did not fit. */
const left: string[] = []

function temporary(): readonly string[] {
  return readdirSync(join(root, '.p2pfolder.tmp'))
}

function assemble(): { readonly assembly: number } {
  const { content, ...plan } = jobOf(`big-${++assembly}`, bytes)
  calls.tell({ kind: 'assemble', assembly, plan: { ...plan, size: bytes.length }, blocks: content.blocks })
  return { assembly }
}

function finished(): Promise<Answers['finish']> {
  return called('the file', (done) => calls.call<'finish'>({ kind: 'finish', assembly }, done))
}

async function byFrame(): Promise<readonly string[]> {
  const frame = new SharedArrayBuffer(bytes.length)
  new Uint8Array(frame).set(bytes)
  const target = assemble()
  const blocks = indexes.map((index) => ({ ...target, index, size: block }))
  const taken = await called<string>('the frame', (done) => calls.call<'frame'>({ kind: 'frame', frame, blocks }, done))
  if (taken === 'full') left.push(...temporary())
  return [taken, (await finished()).outcome]
}

async function byCopy(): Promise<readonly string[]> {
  const from = { path: 'source', state: stateAt(root, 'source') }
  const blocks = indexes.map((index) => ({ index, from: { ...from, offset: index * block } }))
  const call = { kind: 'copy', ...assemble(), blocks } as const
  const missing = await called<readonly number[]>('the copy', (done) => calls.call<'copy'>(call, done))
  return [missing.length > 0 ? 'missing' : 'ok', (await finished()).outcome]
}

async function small(): Promise<readonly string[]> {
  const { content, ...plan } = jobOf(`small-${++assembly}`, bytes.subarray(0, 30_000))
  const call = { kind: 'put', plan: { ...plan, size: content.size }, bytes: bytes.subarray(0, content.size) } as const
  const { outcome } = await called<Answers['put']>('the file', (done) => calls.call<'put'>(call, done))
  return [outcome]
}

/** Again and again until it does not work. */
async function last(way: () => Promise<readonly string[]>): Promise<readonly string[]> {
  for (let tries = 0; tries < 500; tries++) {
    const outcome = await way()
    if (outcome.some((word) => word !== 'ok')) return outcome
  }
  throw new Error('the disk does not get full')
}

const outcomes = [await last(byFrame), await byCopy(), await last(small)]
const standing = readdirSync(root).filter((name) => !name.startsWith('.'))
const sizes = [...new Set(standing.map((name) => readFileSync(join(root, name)).length))].sort((a, b) => a - b)
const removals: string[] = []
/** A user writes until nothing fits. */
const filler = openSync(join(root, 'filler'), 'w')
try {
  for (;;) writeSync(filler, bytes)
} catch (error) {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
}
const freeBefore = statfsSync(root).bavail
for (const path of ['source', 'small-1'].filter((name) => standing.includes(name))) {
  const call = { kind: 'remove', path, expected: stateAt(root, path) } as const
  const { outcome } = await called<Answers['remove']>('the end', (done) => calls.call<'remove'>(call, done))
  removals.push(`${outcome} ${existsSync(join(root, path))}`)
}
const hasMore = statfsSync(root).bavail > freeBefore
process.stdout.write(
  `${JSON.stringify({ outcomes, sizes, left: [...left, ...temporary()], freeBefore, removals, hasMore })}\n`,
)
await thread.end()
