/** Every real system that ftest can run, by name. */
import type { ContainerSystem } from '../../harness/container-system.ts';
import { etcd } from './etcd/system.ts';

export const realSystems: ReadonlyMap<string, ContainerSystem> = new Map([etcd].map((system) => [system.name, system]));
