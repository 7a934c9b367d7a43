/** Takes a backup of a tenant that is open, and restores a tenant from one. The bytes of backups are in {@code core.backup}. */
@NullMarked
package io.tidaldb.core.backup.tenant;

import org.jspecify.annotations.NullMarked;
