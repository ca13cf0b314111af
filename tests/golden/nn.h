/* Written by nn.py with torch 2.13.0+cpu. */
enum {
    DRAW_linear_1,
    DRAW_linear_2,
    DRAW_linear_no_bias,
    DRAW_linear_f64,
    DRAW_linear_empty,
    DRAW_sequential,
    DRAW_uniform,
    DRAW_normal_small,
    DRAW_normal,
    DRAW_trunc_normal,
    DRAW_trunc_normal_f64,
    DRAW_constant,
    DRAW_eye,
    DRAW_xavier_uniform,
    DRAW_xavier_normal,
    DRAW_kaiming_uniform,
    DRAW_kaiming_normal,
    DRAW_kaiming_selu,
    DRAW_no_elements,
    N_DRAWS
};
static const struct golden_draw {
    const char *name;
    uint64_t hash;
    uint32_t after; /* the next word */
} golden_draws[N_DRAWS] = {
    {"linear_1", 0x4b79157a9cbc031u, 1806555091u},
    {"linear_2", 0x58a096371b32adf6u, 437917743u},
    {"linear_no_bias", 0x4240376b32d2cdaau, 1361996141u},
    {"linear_f64", 0x715905bf18d3365eu, 492100204u},
    {"linear_empty", 0xa8c7f832281a39c5u, 266528389u},
    {"sequential", 0xae7eaba2517f15d6u, 664269013u},
    {"uniform", 0x2c4a731f1eeddc2du, 1361996141u},
    {"normal_small", 0x542c09844864aaaau, 1927705821u},
    {"normal", 0x21de671ea054b257u, 1299924235u},
    {"trunc_normal", 0xfbd416c33ffde913u, 1696966895u},
    {"trunc_normal_f64", 0x27bae62f11da61d7u, 876111598u},
    {"constant", 0x419f50495a6b378bu, 1635105074u},
    {"eye", 0xfbd0304503d42138u, 1635105074u},
    {"xavier_uniform", 0xdbec22569dbe3b5eu, 1991242633u},
    {"xavier_normal", 0xfec0e6d55e9c667u, 1525105929u},
    {"kaiming_uniform", 0xa114a8d0f37d0346u, 766161298u},
    {"kaiming_normal", 0x3a2fa2ffa50c0902u, 1758488804u},
    {"kaiming_selu", 0xa9093d7830ea569au, 938866842u},
    {"no_elements", 0xcbf29ce484222325u, 1635105074u},
};
#define GOLDEN_LECTURE "BinaryLogisticRegression(\n  (Wb): Linear(in_features=10106, out_features=1, bias=True)\n  (activation_function): Sigmoid()\n)"
#define GOLDEN_LAYERS "Sequential(\n  (0): Linear(in_features=3, out_features=2, bias=True)\n  (1): Sigmoid()\n  (2): Sequential()\n  (3): Dropout(p=0.25, inplace=False)\n  (4): Flatten(start_dim=1, end_dim=-1)\n  (5): Identity()\n  (6): Softmax(dim=1)\n  (7): LogSoftmax(dim=-1)\n  (8): Tanh()\n  (9): ReLU()\n  (10): Sequential(\n    (0): Linear(in_features=2, out_features=1, bias=False)\n    (1): Dropout(p=1, inplace=False)\n  )\n  (11): Described(\n    a=1\n    b=2\n  )\n)"
#define GOLDEN_DESCRIBED "Described(\n  a=1\n  b=2\n  (inner): Dropout(p=1e-05, inplace=False)\n)"
#define GOLDEN_ENCODER "Encoder(\n  (fc1): Linear(in_features=3, out_features=2, bias=True)\n)"
#define GOLDEN_NAMES "scale fc1.weight fc1.bias"
#define GOLDEN_STATE_NAMES "scale mean fc1.weight fc1.bias"
#define GOLDEN_ALL_WRONG "Error(s) in loading state_dict for Encoder:\n\tMissing key(s) in state_dict: \"scale\", \"mean\", \"fc1.bias\". \n\tUnexpected key(s) in state_dict: \"zz\", \"yy\". \n\tsize mismatch for fc1.weight: copying a param with shape torch.Size([3, 3]) from checkpoint, the shape in current model is torch.Size([2, 3])."
#define GOLDEN_SIZES_WRONG "Error(s) in loading state_dict for Encoder:\n\tsize mismatch for scale: copying a param with shape torch.Size([]) from checkpoint, the shape in current model is torch.Size([2]).\n\tsize mismatch for fc1.weight: copying a param with shape torch.Size([2]) from checkpoint, the shape in current model is torch.Size([2, 3])."
#define GOLDEN_MISSING "Error(s) in loading state_dict for Encoder:\n\tMissing key(s) in state_dict: \"mean\", \"fc1.weight\", \"fc1.bias\". "
static const double golden_gains[] = {0x1.0000000000000p+0, 0x1.aaaaaaaaaaaabp+0, 0x1.6a09e667f3bcdp+0, 0x1.6a05442aad7e4p+0, 0x1.8000000000000p-1};
