export interface History {
  readonly length: number;
}
