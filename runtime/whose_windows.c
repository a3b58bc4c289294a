/* whose_windows.c: whom files, folders and pipes belong to, and who may change them. */
#ifdef _WIN32
#include "win.h"

#include <aclapi.h>

/* This user, the system, its administrators and its installer: all who could change the program itself anyhow. */
static int is_ours(PSID who) {
    static const WELL_KNOWN_SID_TYPE known[] = {WinLocalSystemSid, WinBuiltinAdministratorsSid, WinCreatorOwnerSid};
    static SID_IDENTIFIER_AUTHORITY nt = {SECURITY_NT_AUTHORITY};
    enum { INSTALLER = 80 }; /* S-1-5-80-…: services, TrustedInstaller among them */
    HANDLE token = NULL;
    char user[256];
    DWORD size;
    int ours = 0;
    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) &&
        GetTokenInformation(token, TokenUser, user, sizeof user, &size))
        ours = EqualSid(who, ((TOKEN_USER *)user)->User.Sid);
    if (token != NULL) CloseHandle(token);
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) ours |= IsWellKnownSid(who, known[i]);
    return ours || (memcmp(GetSidIdentifierAuthority(who), &nt, sizeof nt) == 0 && *GetSidSubAuthorityCount(who) > 1 &&
                    *GetSidSubAuthority(who, 0) == INSTALLER);
}

int hoti_is_ours(HANDLE handle) {
    PSECURITY_DESCRIPTOR found = NULL;
    PSID owner = NULL;
    int ours;
    if (GetSecurityInfo(handle, SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL, NULL, &found) != 0)
        return 0;
    ours = owner == NULL || is_ours(owner); /* Wine knows no owner of a pipe; Windows always does */
    LocalFree(found);
    return ours;
}

/* Nobody else may add a file to it, nor change that. */
int hoti_folder_vouches(const char *folder) {
    const DWORD changes = FILE_ADD_FILE | WRITE_DAC | WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL;
    PSECURITY_DESCRIPTOR found = NULL;
    ACL *list = NULL;
    hoti_wide wide;
    int ours = 1;
    if (!hoti_widen(folder, wide) || GetNamedSecurityInfoW(wide, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL,
                                                           &list, NULL, &found) != 0)
        return 0;
    if (list == NULL) ours = 0; /* everybody may do all */
    for (DWORD i = 0; list != NULL && i < list->AceCount; i++) {
        const ACCESS_ALLOWED_ACE *entry;
        if (!GetAce(list, i, (void **)&entry) || entry->Header.AceType != ACCESS_ALLOWED_ACE_TYPE ||
            (entry->Header.AceFlags & INHERIT_ONLY_ACE) != 0)
            continue;
        if ((entry->Mask & changes) != 0) ours &= is_ours((PSID)&entry->SidStart);
    }
    LocalFree(found);
    return ours;
}
#endif
