// What the header of every page can do: find things, and be driven by keys.

import { Keys } from "./keys.js";
import { Search } from "./search.js";

new Search();
new Keys();
