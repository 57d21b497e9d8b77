/**
 * The shared folder between real peers of this machine: how fast an edit is everywhere, many small files beside rsync, how
 * little goes over when a part of a large file changes, and what a large folder costs at rest.
 * usage: npm run bench -- folder [--edits <n>] [--files <n>] [--size <MiB>] [--rest <s>] [--only edits|small|changed|rest] [--json]
 */
import { changedPart } from './support/folder/changed-part.js'
import { editTimes } from './support/folder/edits.js'
import { atRest } from './support/folder/rest.js'
import { smallFiles } from './support/folder/small-files.js'
import { option } from './support/option.js'
import { type Figure, percentile, report } from './support/report.js'

const MIB = 1024 * 1024
const CHANGE_BYTES = MIB
const IDLE_FILES = 50_000

// an interrupted bench ends its peers, too
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

async function edits(peers: number, count: number): Promise<Figure[]> {
  const times = await editTimes(peers, count)
  const figure = (name: string, share: number, budget: number | null): Figure => {
    const value = percentile(times, share)
    return {
      name: `edit at all of ${peers} peers, ${name}`,
      value,
      unit: 'ms',
      budget,
      better: 'less',
      note: `${count} edits`,
    }
  }
  return [figure('p50', 0.5, null), figure('p99', 0.99, 1000)]
}

async function small(count: number): Promise<Figure[]> {
  const { ours, rsync, rsyncFsync } = await smallFiles(count)
  const more = { better: 'more', budget: null } as const
  return [
    { ...more, name: `${count} small files to an empty peer`, value: ours, unit: 'files/s' },
    { ...more, name: 'rsync over loopback', value: rsync ?? Number.NaN, unit: 'files/s' },
    { ...more, name: 'the same with --fsync', value: rsyncFsync ?? Number.NaN, unit: 'files/s' },
    { name: 'beside rsync', value: ours / (rsync ?? Number.NaN), unit: 'x', budget: 0.5, better: 'more' },
    { ...more, name: 'beside rsync --fsync', value: ours / (rsyncFsync ?? Number.NaN), unit: 'x' },
  ]
}

async function changed(sizeBytes: number): Promise<Figure[]> {
  const { sent, seconds } = await changedPart(sizeBytes, CHANGE_BYTES)
  const blockBytes = Math.max(128 * 1024, 2 ** Math.ceil(Math.log2(sizeBytes / 2048)))
  return [
    {
      name: `sent for 1 MiB changed of ${sizeBytes / MIB}`,
      value: sent / MIB,
      unit: 'MiB',
      budget: (CHANGE_BYTES + 2 * blockBytes) / MIB,
      better: 'less',
      note: `blocks of ${blockBytes / 1024} KiB; everything on the link counts`,
    },
    { name: 'from the edit until it is there', value: seconds, unit: 's', budget: null, better: 'less' },
  ]
}

async function rest(seconds: number): Promise<Figure[]> {
  const figures = await atRest(IDLE_FILES, seconds * 1000)
  return [
    {
      name: `idle processor of ${IDLE_FILES} files`,
      value: (figures.with - figures.without) * 100,
      unit: '% of a core',
      budget: 1,
      better: 'less',
      note: `what the folder adds to ${(figures.without * 100).toFixed(1)} %, over ${seconds} s`,
    },
    { name: 'private memory with them', value: figures.megabytes, unit: 'MB', budget: 150, better: 'less' },
  ]
}

const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : null
const wanted = (part: string): boolean => only === null || only === part
const figures: Figure[] = []
const count = option('--edits', 100)
if (wanted('edits')) figures.push(...(await edits(2, count)), ...(await edits(8, count)))
if (wanted('small')) figures.push(...(await small(option('--files', 10_000))))
if (wanted('changed')) figures.push(...(await changed(option('--size', 1024) * MIB)))
if (wanted('rest')) figures.push(...(await rest(option('--rest', 150))))
report('folder', figures)
