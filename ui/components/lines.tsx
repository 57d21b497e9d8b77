/**
 * A block of ready-made ANSI lines. Ink measures and caches every text it is given, so it gets a column of dots to lay out,
 * and the lines go in as a transform, which Ink applies while it paints.
 */
import { Box, Text, Transform } from 'ink'

const dots = new Map<number, string>() // one entry a height, so at most the rows of a screen

function dotsOf(height: number): string {
  const known = dots.get(height)
  if (known !== undefined) return known
  const text = Array.from({ length: height }, () => '.').join('\n')
  dots.set(height, text)
  return text
}

export interface LinesProps {
  readonly lines: readonly string[]
  readonly width: number
  readonly height: number
}

export function Lines({ lines, width, height }: LinesProps) {
  if (height <= 0) return null
  return (
    <Box width={width} height={height} flexShrink={0}>
      <Transform transform={(_, row) => lines[row] ?? ''}>
        <Text>{dotsOf(height)}</Text>
      </Transform>
    </Box>
  )
}
