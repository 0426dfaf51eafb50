// SPDX-License-Identifier: GPL-2.0-only
/* How much near memory each user holds: whoever made a buffer is charged until it goes. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/slab.h>

#include "nms_drv.h"

static struct nms_user *nms_user_find(struct nms_device *nms, kuid_t uid)
{
	struct nms_user *user;

	list_for_each_entry(user, &nms->users, link)
		if (uid_eq(user->uid, uid))
			return user;
	user = kzalloc(sizeof(*user), GFP_KERNEL);
	if (user) {
		user->uid = uid;
		list_add(&user->link, &nms->users);
	}
	return user;
}

static void nms_user_put(struct nms_user *user)
{
	if (user->bytes)
		return;
	list_del(&user->link);
	kfree(user);
}

/* -EDQUOT; with CAP_SYS_RESOURCE there is no limit. */
int nms_user_charge(struct nms_device *nms, u64 bytes, struct nms_user **out)
{
	struct nms_user *user;
	int err = 0;

	mutex_lock(&nms->table_lock);
	user = nms_user_find(nms, current_uid());
	if (!user) {
		err = -ENOMEM;
	} else if ((user->bytes > nms->near_quota || bytes > nms->near_quota - user->bytes) &&
		   !capable(CAP_SYS_RESOURCE)) {
		nms_user_put(user);
		err = -EDQUOT;
	} else {
		user->bytes += bytes;
		*out = user;
	}
	mutex_unlock(&nms->table_lock);
	return err;
}

void nms_user_uncharge(struct nms_device *nms, struct nms_user *user, u64 bytes)
{
	mutex_lock(&nms->table_lock);
	user->bytes -= bytes;
	nms_user_put(user);
	mutex_unlock(&nms->table_lock);
}
