import { thisMachine } from './machine.ts';
import { scenario } from './scenario.ts';

scenario(thisMachine);
