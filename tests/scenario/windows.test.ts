import { windows } from '../platforms/windows.ts';
import { scenario } from './scenario.ts';

scenario(windows({ cli: 'here' }));
scenario(windows({ cli: 'windows' }));
