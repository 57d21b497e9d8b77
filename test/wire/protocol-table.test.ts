import * as assert from 'node:assert'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'

test('the message table of docs/protocol.md is what the code declares', () => {
  const script = fileURLToPath(new URL('../../../../.ci/protocol-table.mjs', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})

test.run()
