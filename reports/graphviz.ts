/**
 * Where the boxes and arrows of a graph go, by Graphviz (the dot engine; Gansner and others, A Technique for Drawing Directed Graphs,
 * 1993), compiled to WebAssembly. Graphviz is given sizes, and never a text: what a user wrote cannot reach it.
 */
import type { Attributes, Graph, HTMLString, Viz } from '@viz-js/viz';

/** Lengths are in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface GraphEdge {
  /** Places of nodes. */
  readonly from: number;
  readonly to: number;
  /** Room for its label. */
  readonly label: Size;
  /** Whether it points up: from a lower rank to a higher one. */
  readonly upwards: boolean;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface GraphLayout extends Size {
  /** The middle of each node. */
  readonly nodes: readonly Point[];
  readonly edges: readonly {
    /** A cubic Bézier spline: a point, then three for each of its curves. Its last point touches the node that it leads to. */
    readonly points: readonly Point[];
    /** The middle of its label. */
    readonly label: Point;
  }[];
}

const pixelsPerInch = 72;

let loading: Promise<Viz> | undefined;

/** Loaded when a graph is first laid out: it costs about 35 ms. */
const loaded = (): Promise<Viz> => {
  loading ??= import('@viz-js/viz').then(({ instance }) => instance());
  return loading;
};

/** What Graphviz writes as JSON, as far as it is read here. */
interface DotJson {
  /** `0,0,width,height` */
  readonly bb: string;
  readonly objects: readonly { readonly name: string; readonly pos: string }[];
  readonly edges: readonly { readonly pos: string; readonly lp: string }[];
}

/** The same graph is always laid out the same. About 30 ms for 30 nodes; more grow faster than that. */
export async function layOut(nodes: readonly Size[], edges: readonly GraphEdge[]): Promise<GraphLayout> {
  const viz = await loaded();
  const isPair = nodes.length === 2;
  const graph: Graph = {
    directed: true,
    // The limits keep graphs that are hard to lay out within a second.
    graphAttributes: { nodesep: isPair ? 0.2 : 0.7, ranksep: 0.45, nslimit: 2, nslimit1: 2, mclimit: 0.5 },
    nodeAttributes: { shape: 'box', fixedsize: true, label: '' },
    edgeAttributes: { arrowhead: 'none' },
    nodes: nodes.map((size, place) => ({
      name: `${place}`,
      attributes: {
        width: size.width / pixelsPerInch,
        height: size.height / pixelsPerInch,
        ...(isPair ? { shape: 'plain', fixedsize: false, label: halvesOf(size) } : {}),
      },
    })),
    // Ranks go down, so that an edge upwards is laid out as one downwards, and drawn from its other end.
    edges: edges.map(({ from, to, label, upwards }) => ({
      tail: `${upwards ? to : from}`,
      head: `${upwards ? from : to}`,
      attributes: { label: roomFor(label), ...(isPair ? sideOf(upwards) : {}) } as Attributes,
    })),
  };
  const laid = viz.renderJSON(graph, { engine: 'dot' }) as DotJson;
  const [, , width = 0, height = 0] = laid.bb.split(',').map(Number);
  const point = (text: string): Point => {
    const [x = 0, y = 0] = text.split(',').map(Number);
    // Graphviz counts from the bottom.
    return { x, y: height - y };
  };
  return {
    width,
    height,
    nodes: laid.objects.map(({ pos }) => point(pos)),
    edges: laid.edges.map(({ pos, lp }, place) => {
      const points = pos.split(' ').map(point);
      return { points: edges[place]!.upwards ? points.reverse() : points, label: point(lp) };
    }),
  };
}

/** Two boxes above each other: each of their two arrows goes along a side of its own. */
const sideOf = (upwards: boolean): Attributes =>
  upwards ? { tailport: 'right:s', headport: 'right:n' } : { tailport: 'left:s', headport: 'left:n' };

function halvesOf({ width, height }: Size): HTMLString {
  const half = (name: string): string =>
    `<TD PORT="${name}" FIXEDSIZE="TRUE" WIDTH="${Math.ceil(width / 2)}" HEIGHT="${Math.ceil(height)}"></TD>`;
  return tableOf({ width, height }, `${half('left')}${half('right')}`);
}

const roomFor = (size: Size): HTMLString => tableOf(size, '<TD></TD>');

const tableOf = ({ width, height }: Size, cells: string): HTMLString => ({
  html: `<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0" FIXEDSIZE="TRUE" WIDTH="${Math.ceil(width)}" HEIGHT="${Math.ceil(height)}"><TR>${cells}</TR></TABLE>`,
});
