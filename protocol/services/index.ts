/** Every service that ftest can ask of a target. */
import type { Service, ServiceName } from '../service.ts';
import { echo } from './echo.ts';
import { register } from './register.ts';

export const services: ReadonlyMap<ServiceName, Service> = new Map(
  [register, echo].map((service) => [service.name, service]),
);
