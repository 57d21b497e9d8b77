/** The screen: keys go to the session, its models come back; every picture is made by a pure view. */
import { Box, useInput, usePaste } from 'ink'
import { useReducer, useRef, useSyncExternalStore } from 'react'
import { keysOf, pastedKeys } from '../input/keys.js'
import { openEditor } from '../input/typing.js'
import type { Column } from '../layout.js'
import type { ConsoleSession } from '../session.js'
import type { Model } from '../state.js'
import { headerLine } from '../views/header.js'
import { hintsLine, tabsLine } from '../views/hints.js'
import { messageLines } from '../views/message.js'
import { promptLine } from '../views/prompt.js'
import { areaLines, layoutFor, tooSmallLines } from '../views/screen.js'
import { Lines } from './lines.js'
import { TextRow } from './text-row.js'

/**
 * Ink hands every key to all listeners. A key that the open text line may take (see `ConsoleSession.typing`) is left to it;
 * any other one is the session's, and what the text line makes of it is refused: it is mounted anew, from the session's state.
 */
export function App({ session }: { readonly session: ConsoleSession }) {
  const model = useSyncExternalStore(session.subscribe, session.model)
  const [mount, mountAnew] = useReducer((count: number) => count + 1, 0)
  const typing = useRef(false)
  const line: LineHandlers = {
    mount,
    onKey: (input, key) => {
      const keys = keysOf(input, key)
      typing.current = session.typing(keys)
      if (typing.current) return
      session.press(keys)
      mountAnew()
    },
    onPaste: (text) => {
      session.press(pastedKeys(text))
      mountAnew()
    },
    onChange: (value) => {
      if (typing.current) session.edited(value)
    },
    onSubmit: () => {
      if (typing.current) session.press([{ kind: 'named', name: 'enter', pasted: false }])
    },
  }
  return (
    <>
      <Keyboard line={line} />
      <Screen model={model} line={line} />
    </>
  )
}

interface LineHandlers {
  readonly mount: number
  readonly onKey: Parameters<typeof useInput>[0]
  readonly onPaste: (text: string) => void
  readonly onChange: (value: string) => void
  readonly onSubmit: () => void
}

/** Stands before any text line, so it hears a key first. */
function Keyboard({ line }: { readonly line: LineHandlers }) {
  useInput(line.onKey)
  usePaste(line.onPaste)
  return null
}

function Screen({ model, line }: { readonly model: Model; readonly line: LineHandlers }) {
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
      <Row model={model} line={line} edited={model.ui.mode === 'form'} painted={hintsLine(model, columns)} />
      <Row model={model} line={line} edited={model.ui.mode !== 'form'} painted={promptLine(model, columns)} />
    </Box>
  )
}

interface RowProps {
  readonly model: Model
  readonly line: LineHandlers
  readonly edited: boolean
  readonly painted: string
}

/** Hints and prompt: text is edited in one of them at most. */
function Row({ model: { ui, size }, line, edited, painted }: RowProps) {
  const editor = edited ? openEditor(ui) : null
  if (editor === null) return <Lines lines={[painted]} width={size.columns} height={1} />
  const { mount, onChange, onSubmit } = line
  return (
    <TextRow
      key={`${ui.mode} ${ui.form?.at ?? 0} ${mount}`}
      editor={editor}
      painted={painted}
      width={size.columns}
      onChange={onChange}
      onSubmit={onSubmit}
    />
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
