/** `peers` and `log` as a shell shows them. */
import assert from 'node:assert'
import { suite } from 'uvu'
import type { LogLine, PeerApi, PeerView } from '../../src/api.js'
import { log, peers } from '../../src/cli/commands/network.js'
import type { CommandContext, Outcome } from '../../src/cli/outcome.js'
import { parseWords } from '../../src/cli/parse.js'
import { VERSION } from '../../src/cli/version.js'
import { widthOf } from '../../ui/text/cells.js'
import type { Address } from '../../wire/types.js'
import { peerView } from '../ui/network.js'

const test = suite('network commands')

const LINES: readonly LogLine[] = (['debug', 'info', 'notice', 'warn', 'error', 'info'] as const).map(
  (level, place) => ({ time: 1_700_000_000_000 + place, level, text: `line ${place}` }),
)

function context(views: readonly PeerView[], columns: number): CommandContext {
  const peer = { peers: () => views } as unknown as PeerApi
  const host = { peer, log: () => LINES } as unknown as CommandContext['host']
  const signal = new AbortController().signal
  return { host, cwd: '/', columns, pictures: false, progress: () => {}, signal, timeoutMs: undefined }
}

function logged(...words: string[]): Outcome {
  const result = parseWords(['log', ...words], VERSION)
  assert.ok(result.ok, result.ok ? '' : result.text)
  return log(context([], 0), result.invocation)
}

const texts = (outcome: Outcome): readonly string[] => (outcome.json as readonly LogLine[]).map(({ text }) => text)

test('log shows all, or a level and what is worse, or the newest', () => {
  assert.deepStrictEqual(logged().json, LINES)
  assert.deepStrictEqual(texts(logged('--level', 'notice')), ['line 2', 'line 3', 'line 4'])
  assert.deepStrictEqual(texts(logged('--level', 'INFO', '--last', '2')), ['line 4', 'line 5'])
  assert.deepStrictEqual(texts(logged('warn')), ['line 3', 'line 4'])
  assert.deepStrictEqual(texts(logged('--last', '0')), [])
  assert.deepStrictEqual(texts(logged('--last', '99')).length, LINES.length)
  assert.deepStrictEqual(logged('--last', '1').lines, ['22:13:20 info line 5'])
})

test('log refuses a level that is none, and says which there are', () => {
  const outcome = logged('--level', 'loud')
  assert.strictEqual(outcome.exit, 2)
  assert.match(outcome.message, /debug, info, notice, warn, error, not "loud"/)
  assert.strictEqual(parseWords(['log', 'loud'], VERSION).ok, false)
})

test('peers shows what each moves and its score, and leaves out what is less wanted where there is no room', () => {
  const views = [
    peerView('finch-teal', { since: Date.now() - 3_729_000 }),
    peerView('a-name-that-is-very-long-indeed-音楽', {
      state: 'dialing',
      since: null,
      detail: 'try 3 in 4 s',
      score: 41,
    }),
  ]
  const wide = peers(context(views, 200)).lines ?? []
  assert.match(wide[0] ?? '', /^name .* down +up +received +sent +since +score +role +address$/)
  assert.match(wide[1] ?? '', /1\.2 MB\/s +80\.0 kB\/s +1\.2 MB +80\.0 kB +1:02:(09|10) +98 +peer +127\.0\.0\.1:24001$/)
  assert.match(wide[2] ?? '', / - +41 +peer .* try 3 in 4 s$/)
  assert.deepStrictEqual(peers(context(views, 0)).lines, wide)
  for (const columns of [70, 80, 100, 120, 140]) {
    const lines = peers(context(views, columns)).lines ?? []
    assert.doesNotMatch(lines[0] ?? '', /sent/)
    for (const line of lines) assert.ok(widthOf(line) <= columns, `${columns}: ${line}`)
  }
  assert.match((peers(context(views, 80)).lines ?? [])[2] ?? '', /^a-name-.*… .*1\.2 MB\/s +80\.0 kB\/s +41 .*try 3 in/)
  assert.deepStrictEqual(peers(context(views, 80)).json, views)
})

test('peers names the tasks of a dedicated anchor, and at every width those that there is no link with', () => {
  const task = (service: 'manifests' | 'files', up: boolean) => ({ service, address: '127.0.0.1:4001' as Address, up })
  const tasks = [task('manifests', true), task('files', true), task('files', true)]
  const views = [peerView('harbour', { role: 'anchor', tasks }), peerView('finch-teal')]
  const lines = (columns: number): readonly string[] => peers(context(views, columns)).lines ?? []
  assert.match(lines(0)[0] ?? '', /role +tasks +address$/)
  assert.match(lines(0)[1] ?? '', /^harbour .* anchor +manifests files +127\.0\.0\.1:24001$/)
  assert.match(lines(80)[1] ?? '', /^harbour .* anchor +127\.0\.0\.1:24001$/)
  const broken = [peerView('harbour', { role: 'anchor', tasks: [task('manifests', true), task('files', false)] })]
  assert.match((peers(context(broken, 0)).lines ?? [])[1] ?? '', /24001 +no link with files$/)
  assert.match((peers(context(broken, 100)).lines ?? [])[1] ?? '', /24001 +no link with files$/)
})

test.run()
