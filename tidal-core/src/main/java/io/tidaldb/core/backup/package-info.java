/** Backups of single tenants: their bytes, and how a log becomes the log of another tenant. */
@NullMarked
package io.tidaldb.core.backup;

import org.jspecify.annotations.NullMarked;
