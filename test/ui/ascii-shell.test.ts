/** Answers in a shell whose terminal shows only ASCII: our glyphs have a stand-in, tables end at its edge. */
import assert from 'node:assert'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import { inCluster, PROGRAM } from '../e2e/cluster.js'
import { Terminal } from '../e2e/terminal.js'

const NAME = 'a-file-with-a-name-that-is-longer-than-the-terminal-is-wide.txt'
const COLUMNS = 50

test(
  'without a UTF-8 locale an answer is ASCII and as wide as the terminal; in a pipe it stays as it is',
  inCluster(async (cluster) => {
    await cluster.start('ann', '--mine', 'never').ready
    const path = join(cluster.folder('ann'), NAME)
    writeFileSync(path, 'some text')
    const shown = async (words: readonly string[], env: NodeJS.ProcessEnv) => {
      const terminal = new Terminal([PROGRAM, ...words], {
        columns: COLUMNS,
        rows: 20,
        env: { ...cluster.env, ...env },
      })
      try {
        assert.strictEqual(await terminal.end(), 0, terminal.screen)
        return terminal.output.split(/\r?\n/)
      } finally {
        await terminal.close()
      }
    }
    const ascii = { LANG: 'C', LC_ALL: '', LC_CTYPE: '' }
    const stored = (await shown(['store', path], ascii)).join('\n')
    assert.match(stored, /as p2p:[0-9a-f]{4}~[0-9a-f]{2}/)
    for (const words of [['files'], ['ring'], ['lookup', 'x'], ['status']]) {
      for (const line of await shown(words, ascii)) {
        assert.match(line.replaceAll('\u001b', ''), /^[ -~]*$/, line)
        if (words[0] === 'files' || words[0] === 'ring') assert.ok(line.length <= COLUMNS, line)
      }
    }
    assert.match((await shown(['files'], ascii)).join('\n'), /a-file-with\S*~ .*\d+ B/)
    assert.match(
      (await shown(['files'], { LANG: 'C.UTF-8', LC_ALL: '', LC_CTYPE: '' })).join('\n'),
      /a-file-with\S*… .*\d+ B/,
    )
    const { stdout } = await cluster.run(['files'], { env: { ...cluster.env, ...ascii } })
    assert.match(stdout, new RegExp(`^${NAME} .*…`, 'm'))
  }),
)

test.run()
