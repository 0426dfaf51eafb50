// SPDX-License-Identifier: GPL-2.0-only
/* Handles, rights, names, descriptors, quotas. */
#include <sys/socket.h>
#include <sys/stat.h>

#include "nms_test.h"

FIXTURE(buffer) {
	int fd, other;
	uint64_t page, size;
};

FIXTURE_SETUP(buffer)
{
	struct nms_query_device d;

	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	self->other = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_GE(self->other, 0);
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	self->page = d.near_page;
	self->size = d.near_size;
}

FIXTURE_TEARDOWN(buffer)
{
	close(self->other);
	close(self->fd);
}

static uint64_t near_free(int fd)
{
	struct nms_query_device d;

	return nms_query(fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)) ? UINT64_MAX : d.near_free;
}

TEST_F(buffer, create)
{
	struct nms_buffer_create c = { .size = 1 };
	uint64_t free = near_free(self->fd);

	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_BUFFER_CREATE, &c));
	EXPECT_GE(c.handle, 1);
	EXPECT_EQ(self->page, c.size);
	EXPECT_EQ(free - self->page, near_free(self->fd));
	EXPECT_EQ(0, nms_destroy(self->fd, c.handle));
	EXPECT_EQ(free, near_free(self->fd));
	EXPECT_EQ(-EBADF, nms_destroy(self->fd, c.handle));
	EXPECT_EQ(-EBADF, nms_destroy(self->fd, 0));
}

TEST_F(buffer, arguments)
{
	struct nms_buffer_create c = { .size = 4096, .flags = 1 };
	struct nms_buffer_destroy d = { .handle = 1, .reserved = 1 };
	uint32_t handle;

	EXPECT_EQ(-EINVAL, nms_call(self->fd, NMS_IOCTL_BUFFER_CREATE, &c));
	c = (struct nms_buffer_create){ .size = 4096, .handle = 1 };
	EXPECT_EQ(-EINVAL, nms_call(self->fd, NMS_IOCTL_BUFFER_CREATE, &c));
	EXPECT_EQ(-EINVAL, nms_call(self->fd, NMS_IOCTL_BUFFER_DESTROY, &d));
	EXPECT_EQ(-EINVAL, nms_create(self->fd, 0, &handle));
	EXPECT_EQ(-ENOSPC, nms_create(self->fd, UINT64_MAX, &handle));
	EXPECT_EQ(-ENOSPC, nms_create(self->fd, self->size + 1, &handle));
}

/* Many handles, then none left; all goes with the context. */
TEST_F(buffer, handles)
{
	uint64_t free = near_free(self->other);
	uint32_t handle;
	int n = 0, err;

	while (!(err = nms_create(self->fd, 1, &handle)))
		n++;
	EXPECT_EQ(-EMFILE, err);
	EXPECT_EQ(1024, n);
	close(self->fd);
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(free, near_free(self->other));
}

TEST_F(buffer, zeroed)
{
	unsigned char data[4096];
	uint32_t handle;

	for (int round = 0; round < 4; round++) {
		ASSERT_EQ(0, nms_create(self->fd, sizeof(data), &handle));
		memset(data, 0xff, sizeof(data));
		ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_READ, handle, 0, data, sizeof(data)));
		for (size_t i = 0; i < sizeof(data); i++)
			ASSERT_EQ(0, data[i]);
		memset(data, 0x5a, sizeof(data));
		ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, handle, 0, data, sizeof(data)));
		ASSERT_EQ(0, nms_destroy(self->fd, handle));
	}
}

/* Handles of one context mean nothing in another. */
TEST_F(buffer, apart)
{
	uint32_t handle;
	char data[16];

	ASSERT_EQ(0, nms_create(self->fd, 4096, &handle));
	EXPECT_EQ(-EBADF, nms_transfer(self->other, NMS_CMD_READ, handle, 0, data, sizeof(data)));
	EXPECT_EQ(-EBADF, nms_destroy(self->other, handle));
}

TEST_F(buffer, pass)
{
	struct nms_buffer_export e = { .access = NMS_ACCESS_READ, .flags = O_CLOEXEC };
	struct nms_buffer_import i = { 0 };
	char out[64] = "near memory", in[64] = "";
	uint64_t free = near_free(self->fd);

	ASSERT_EQ(0, nms_create(self->fd, 4096, &e.handle));
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, e.handle, 0, out, sizeof(out)));
	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_BUFFER_EXPORT, &e));
	ASSERT_EQ(FD_CLOEXEC, fcntl(e.fd, F_GETFD));
	i.fd = e.fd;
	ASSERT_EQ(0, nms_call(self->other, NMS_IOCTL_BUFFER_IMPORT, &i));
	EXPECT_EQ(NMS_ACCESS_READ, i.access);
	EXPECT_EQ(4096, i.size);
	/* The giver forgets it; it stays. */
	ASSERT_EQ(0, nms_destroy(self->fd, e.handle));
	close(e.fd);
	ASSERT_EQ(0, nms_transfer(self->other, NMS_CMD_READ, i.handle, 0, in, sizeof(in)));
	EXPECT_EQ(0, strcmp(in, out));
	EXPECT_EQ(-EACCES, nms_transfer(self->other, NMS_CMD_WRITE, i.handle, 0, in, sizeof(in)));
	/* Nor can more be given on than was got. */
	e = (struct nms_buffer_export){ .handle = i.handle, .access = NMS_ACCESS_WRITE };
	EXPECT_EQ(-EACCES, nms_call(self->other, NMS_IOCTL_BUFFER_EXPORT, &e));
	ASSERT_EQ(0, nms_destroy(self->other, i.handle));
	EXPECT_EQ(free, near_free(self->fd));
}

TEST_F(buffer, import)
{
	struct nms_buffer_import i = { .fd = -1 };

	EXPECT_EQ(-EBADF, nms_call(self->fd, NMS_IOCTL_BUFFER_IMPORT, &i));
	i.fd = self->other;
	EXPECT_EQ(-EINVAL, nms_call(self->fd, NMS_IOCTL_BUFFER_IMPORT, &i));
}

static int name(int fd, const char *text, uint32_t handle, uint32_t mode)
{
	struct nms_dataset_create c = { .handle = handle, .mode = mode, .rows = 7, .stride = 3,
					.cols = 3, .dtype = 1 };

	snprintf(c.name, sizeof(c.name), "%s", text);
	return nms_call(fd, NMS_IOCTL_DATASET_CREATE, &c);
}

static int open_name(int fd, const char *text, uint32_t access, struct nms_dataset_open *o)
{
	memset(o, 0, sizeof(*o));
	snprintf(o->name, sizeof(o->name), "%s", text);
	o->access = access;
	return nms_call(fd, NMS_IOCTL_DATASET_OPEN, o);
}

static int unlink_name(int fd, const char *text)
{
	struct nms_dataset_unlink u = { 0 };

	snprintf(u.name, sizeof(u.name), "%s", text);
	return nms_call(fd, NMS_IOCTL_DATASET_UNLINK, &u);
}

/* A name outlives the context that gave it. */
TEST_F(buffer, names)
{
	char out[] = "it stays", in[sizeof(out)] = "";
	struct nms_query_dataset q;
	struct nms_dataset_open o;
	uint32_t handle;

	ASSERT_EQ(0, nms_create(self->fd, 100, &handle));
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, handle, 0, out, sizeof(out)));
	EXPECT_EQ(-EINVAL, name(self->fd, "", handle, 0600));
	EXPECT_EQ(-EINVAL, name(self->fd, "a/b", handle, 0600));
	EXPECT_EQ(-EINVAL, name(self->fd, "a", handle, 0700));
	EXPECT_EQ(-EBADF, name(self->fd, "a", handle + 1000, 0600));
	ASSERT_EQ(0, name(self->fd, "kselftest", handle, 0640));
	EXPECT_EQ(-EEXIST, name(self->fd, "kselftest", handle, 0640));
	close(self->fd);
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DATASET, 0, &q, sizeof(q)));
	EXPECT_EQ(0, strcmp(q.name, "kselftest"));
	EXPECT_EQ(7, q.rows);
	EXPECT_EQ(-ENOENT, nms_query(self->fd, NMS_QUERY_DATASET, 1, &q, sizeof(q)));
	ASSERT_EQ(0, open_name(self->fd, "kselftest", NMS_ACCESS_READ, &o));
	EXPECT_EQ(3, o.info.cols);
	EXPECT_EQ(0640, o.info.mode);
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_READ, o.handle, 0, in, sizeof(in)));
	EXPECT_EQ(0, strcmp(in, out));
	EXPECT_EQ(-EACCES, nms_transfer(self->fd, NMS_CMD_WRITE, o.handle, 0, in, sizeof(in)));
	ASSERT_EQ(0, unlink_name(self->fd, "kselftest"));
	EXPECT_EQ(-ENOENT, unlink_name(self->fd, "kselftest"));
	EXPECT_EQ(-ENOENT, open_name(self->fd, "kselftest", NMS_ACCESS_READ, &o));
}

/* Owner, group, others. */
TEST_F(buffer, modes)
{
	struct nms_query_dataset q;
	struct nms_dataset_open o;
	uint32_t handle;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, nms_create(self->fd, 100, &handle));
	ASSERT_EQ(0, setegid(1000));
	ASSERT_EQ(0, seteuid(1000));
	ASSERT_EQ(0, name(self->fd, "mode", handle, 0640));
	EXPECT_EQ(0, open_name(self->fd, "mode", NMS_ACCESS_READ | NMS_ACCESS_WRITE, &o));
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, seteuid(1001));
	EXPECT_EQ(0, open_name(self->other, "mode", NMS_ACCESS_READ, &o));
	EXPECT_EQ(-EACCES, open_name(self->other, "mode", NMS_ACCESS_WRITE, &o));
	EXPECT_EQ(-EPERM, unlink_name(self->other, "mode"));
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, setegid(1001));
	ASSERT_EQ(0, seteuid(1001));
	EXPECT_EQ(-EACCES, open_name(self->other, "mode", NMS_ACCESS_READ, &o));
	EXPECT_EQ(-ENOENT, nms_query(self->other, NMS_QUERY_DATASET, 0, &q, sizeof(q)));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(0, unlink_name(self->other, "mode"));
}

static int set_quota(uint64_t bytes)
{
	FILE *f = fopen("/sys/class/nms/nms0/near_quota", "w");

	if (!f)
		return -errno;
	fprintf(f, "%llu\n", (unsigned long long)bytes);
	return fclose(f) ? -errno : 0;
}

TEST_F(buffer, quota)
{
	uint32_t handle, second;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, set_quota(1 << 20));
	ASSERT_EQ(0, setuid(1000) ? -errno : 0);
	EXPECT_EQ(0, nms_create(self->fd, 1 << 19, &handle));
	EXPECT_EQ(0, nms_create(self->other, 1 << 19, &second));
	EXPECT_EQ(-EDQUOT, nms_create(self->fd, 1, &second));
	EXPECT_EQ(0, nms_destroy(self->fd, handle));
	EXPECT_EQ(0, nms_create(self->fd, 1 << 19, &handle));
}

/* Puts back what the one before has changed, whose process could not. */
TEST_F(buffer, quota_back)
{
	if (geteuid())
		SKIP(return, "needs root");
	EXPECT_EQ(0, set_quota(self->size));
}

TEST_HARNESS_MAIN
