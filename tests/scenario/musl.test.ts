import { musl } from '../platforms/musl.ts';
import { scenario } from './scenario.ts';

scenario(musl());
