/** The screen: keys go to the session, its models come back; every picture is made by a pure view. */
import { Box, useInput, usePaste } from 'ink'
import { useSyncExternalStore } from 'react'
import { keysOf, pastedKeys } from '../input/keys.js'
import type { Column } from '../layout.js'
import type { ConsoleSession } from '../session.js'
import type { Model } from '../state.js'
import { headerLine } from '../views/header.js'
import { hintsLine, tabsLine } from '../views/hints.js'
import { messageLines } from '../views/message.js'
import { promptLine } from '../views/prompt.js'
import { areaLines, layoutFor, tooSmallLines } from '../views/screen.js'
import { Lines } from './lines.js'

export function App({ session }: { readonly session: ConsoleSession }) {
  const model = useSyncExternalStore(session.subscribe, session.model)
  useInput((input, key) => session.press(keysOf(input, key)))
  usePaste((text) => session.press(pastedKeys(text)))
  return <Screen model={model} />
}

function Screen({ model }: { readonly model: Model }) {
  const { columns, rows } = model.size
  const layout = layoutFor(model)
  if (layout.kind === 'small') return <Lines lines={tooSmallLines(model, model.size)} width={columns} height={rows} />
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Lines lines={[headerLine(model, columns)]} width={columns} height={layout.header} />
      <Lines lines={[tabsLine(model, columns)]} width={columns} height={layout.tabs} />
      <Box flexGrow={1}>
        {layout.columns.map((column) => (
          <PaneColumn key={column.cells.map(({ area }) => area).join()} model={model} column={column} />
        ))}
      </Box>
      <Lines lines={messageLines(model, columns, layout.message)} width={columns} height={layout.message} />
      <Lines lines={[hintsLine(model, columns)]} width={columns} height={layout.hints} />
      <Lines lines={[promptLine(model, columns)]} width={columns} height={layout.prompt} />
    </Box>
  )
}

function PaneColumn({ model, column: { width, cells } }: { readonly model: Model; readonly column: Column }) {
  return (
    <Box flexDirection="column" width={width} flexShrink={0}>
      {cells.map(({ area, height }) => (
        <Lines key={area} lines={areaLines(area, model, width, height)} width={width} height={height} />
      ))}
    </Box>
  )
}
