// `invite` of the built program: in a shell and in a console, and where its ticket must not stay.
import assert from 'node:assert'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import { qrLines } from '../../src/cli/qr.js'
import { inCluster, PROGRAM } from '../e2e/cluster.js'
import { Terminal } from '../e2e/terminal.js'

test(
  'invite shows a QR code in a terminal that is wide enough, and nowhere else',
  inCluster(async (cluster) => {
    await cluster.start('ann', '--mine', 'never').ready
    const { ticket } = await cluster.json<{ ticket: string }>(['invite'])
    const code = qrLines(ticket)
    const piped = await cluster.run(['invite'])
    assert.deepStrictEqual([piped.stdout.split('\n')[0], piped.stdout.split('\n').length], [ticket, 3])
    const shown = async (columns: number, words: readonly string[], env: NodeJS.ProcessEnv = {}) => {
      const terminal = new Terminal([PROGRAM, ...words], { columns, rows: 60, env: { ...cluster.env, ...env } })
      try {
        assert.strictEqual(await terminal.end(), 0, terminal.screen)
        return terminal.screen
      } finally {
        await terminal.close()
      }
    }
    const width = code[0]?.length ?? 0
    assert((await shown(width, ['invite'])).includes(code.join('\n').trimEnd()))
    assert.doesNotMatch(await shown(width - 1, ['invite']), /[▀▄█]/)
    assert.doesNotMatch(await shown(width, ['invite', '--json']), /[▀▄█]/)
    assert.doesNotMatch(await shown(width, ['invite'], { LANG: 'C' }), /[▀▄█]/)
  }),
)

test(
  'a console shows the ticket whole with its QR code, and keeps it in no history and no log',
  inCluster(async (cluster) => {
    const cwd = cluster.folder('ann')
    const terminal = new Terminal([PROGRAM, '--name', 'ann', '--mine', 'never'], {
      columns: 100,
      rows: 50,
      cwd,
      env: cluster.env,
    })
    try {
      await terminal.until(/0 peers[\s\S]*: types a command/)
      terminal.type(':invite\r')
      await terminal.until(/── invite[\s\S]*p2p1[\s\S]*paste the ticket[\s\S]*▄▄▄▄▄▄/)
      const { ticket } = await cluster.json<{ ticket: string }>(['invite'])
      assert(
        terminal.lines
          .map((line) => line.trimEnd())
          .join('')
          .includes(ticket),
        terminal.screen,
      )
      terminal.type('q')
      await terminal.until(/1 Peers/)
      terminal.type(`:join ${ticket}\r`)
      await terminal.until(/[✗✓]/)
      terminal.type(':\u001b[A')
      await terminal.until(/❯ invite/)
      const log = await cluster.run(['log'])
      assert(!log.stdout.includes(ticket.slice(0, 40)))
      const history = join(cluster.env.P2P_CONFIG_HOME ?? '', 'p2p-tui', 'history')
      assert(existsSync(history), 'no history')
      assert.match(readFileSync(history, 'utf8'), /^invite$/m)
      assert.doesNotMatch(readFileSync(history, 'utf8'), /p2p1/)
      terminal.type('\u001b\u0003')
      await terminal.end()
    } finally {
      await terminal.close()
    }
  }),
)

test.run()
