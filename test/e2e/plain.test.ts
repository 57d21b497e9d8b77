/** The built program as lines: a whole visit, as somebody with a screen reader makes it. */
import assert from 'node:assert'
import { suite } from 'uvu'
import { inCluster, PROGRAM } from './cluster.js'
import { Terminal } from './terminal.js'

const test = suite('plain')
const DEADLINE_MS = 60_000

for (const [what, words, env] of [
  ['--plain', ['--plain'], {}],
  ['INK_SCREEN_READER', [], { INK_SCREEN_READER: 'true' }],
] as const)
  test(
    `${what}: a vote, its answer and a polite end, without an escape sequence`,
    inCluster(async (cluster) => {
      const options = { cwd: cluster.folder('otter'), env: { ...cluster.env, ...env } }
      const terminal = new Terminal([PROGRAM, '--name', 'otter', ...words], options)
      try {
        await terminal.until(/otter: 0 peers, block 0/, DEADLINE_MS)
        terminal.type('vote alice yes\r')
        await terminal.until(/alice → yes: in block 1/, DEADLINE_MS)
        terminal.type('quit\r')
        assert.strictEqual(await terminal.end(DEADLINE_MS), 0, terminal.screen)
        assert.ok(!/damaged|rror/.test(terminal.screen), terminal.screen)
        assert.ok(!terminal.output.includes('\u001b'), JSON.stringify(terminal.output))
      } finally {
        await terminal.close()
      }
    }),
  )

test.run()
