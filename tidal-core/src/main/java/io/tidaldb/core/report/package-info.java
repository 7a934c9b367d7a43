/** How nodes, tenants and their placement are, told to whoever asks. It changes nothing. */
@NullMarked
package io.tidaldb.core.report;

import org.jspecify.annotations.NullMarked;
